// Focal loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight alpha_q (1 - p_t)^gamma ((1 - q) (-log(1 - k)) + q (-log k));
//     k = probs, kept from clip to 1 - clip;  p_t = probs q + (1 - probs) (1 - q);
//     q = (1 - eps) target + eps/2,  eps = label_smoothing; alpha_q: alpha or 1 - alpha, by q
//
// Subgradients
//     where p is at a clip, half of the slope inside; none elsewhere.
//
// Constants
//     smoothing: the target is (1 - it) t + it/2 (default 0.0)
//     clip: probabilities are kept from it to 1 less it (default 0.0)
//     gamma: power of 1 - p_t (default 2.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//     on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
//     on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
//     alpha: factor of the elements that alpha_side names (default 0.25)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002, eq. 5; keras.losses.binary_focal_crossentropy.

KERNEL focal_probs_value(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real pos_weight = real(1);  // alpha has its part
        const real goal = real(0.5)*smoothing*(real(1) - target) + (real(1) - real(0.5)*smoothing)*target;  // asked of class 1
        const real rest = real(0.5)*smoothing*target + (real(1) - target)*(real(1) - real(0.5)*smoothing);  // asked of class 0
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real near = ((probs <= real(0.5)) ? probs : real(1) - probs);  // to the nearer end
        const real kept = max_(least, near);  // at most 1/2
        const real steep = -log_(kept);  // of the nearer end
        const real flat = -log1p_(-kept);  // of the farther end
        const real wanted = goal*pos_weight;
        const real near_share = ((probs <= real(0.5)) ? wanted : rest);
        const real near_log = steep;
        const real far_share = ((probs <= real(0.5)) ? rest : wanted);
        const real far_log = flat;
        const real bce = weighted_(far_share, far_log) + weighted_(near_share, near_log);
        const real miss = (real(1) - probs)*goal + probs*rest;  // 1 - p_t: terms >= 0
        const real factor = ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss)));  // modulator
        const real focal = bce*factor;
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - goal)*lower + goal*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        loss_out.store(i, loss);
    });
}

KERNEL focal_probs_grad(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(probs_bar) probs_bar_out,
    ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real pos_weight = real(1);  // alpha has its part
        const real goal_moved = real(0.5)*smoothing*(real(1) - target) - real(0.5)*smoothing*target;  // by smoothing
        const real goal = real(0.5)*smoothing*(real(1) - target) + (real(1) - real(0.5)*smoothing)*target;  // asked of class 1
        const real rest = real(0.5)*smoothing*target + (real(1) - target)*(real(1) - real(0.5)*smoothing);  // asked of class 0
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real near = ((probs <= real(0.5)) ? probs : real(1) - probs);  // to the nearer end
        const real kept = max_(least, near);  // at most 1/2
        const real steep = -log_(kept);  // of the nearer end
        const real flat = -log1p_(-kept);  // of the farther end
        const real wanted = goal*pos_weight;
        const real near_share = ((probs <= real(0.5)) ? wanted : rest);
        const real far_share = ((probs <= real(0.5)) ? rest : wanted);
        const real bce = weighted_(far_share, flat) + weighted_(near_share, steep);
        const real inside = step_(near - least, real(0.5));  // whether the clip lets pass
        const real toward = ((probs <= real(0.5)) ? inside : -inside);  // of kept, by p
        const real blunt = real(1)/(real(1) - kept);
        const real near_pull = toward*ratio_(near_share, kept, real(0));
        const real far_pull = blunt*far_share*toward;
        const real held = ((probs <= real(0.5)) ? kept : real(1) - kept);  // p, clipped
        const real excess = ((probs <= real(0.5)) ? -(pos_weight - real(1))*goal*((probs <= real(0.5)) ? real(1) - kept : kept) - goal_moved : (pos_weight - real(1))*goal*((probs <= real(0.5)) ? real(1) - kept : kept) + goal_moved) + ((probs <= real(0.5)) ? held - target : target - held);
        const real slope = ((abs_(pos_weight - real(1.25)) > real(0.75)) ? far_pull - near_pull : blunt*toward*ratio_(excess, kept, far_share));  // by p
        const real odds = log1p_((real(1) - real(2)*kept)/kept);  // log of both ends' ratio
        const real between = ((kept > real(0.25)) ? odds : steep - flat);  // -log of the nearer end less that of the farther
        const real hit = ((probs <= real(0.5)) ? steep : flat);  // -log p
        const real missed = ((probs <= real(0.5)) ? flat : steep);  // -log(1 - p)
        const real lean = ((abs_(pos_weight - real(1.25)) > real(0.75)) ? weighted_(pos_weight, hit) - missed : (pos_weight - real(1))*hit + ((probs <= real(0.5)) ? between : -between));  // by goal less by rest
        const real miss = (real(1) - probs)*goal + probs*rest;  // 1 - p_t: terms >= 0
        const real factor = ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss)));  // modulator
        const real focal = bce*factor;
        const real tilt = rest - goal;
        const real rise = weighted_(gamma, ((gamma_lo == real(0)) ? power_(miss, -real(1) + gamma) : weighted_(power_(miss, -real(1) + gamma), real(1) + (gamma_lo + two_diff_error(gamma, real(1)))*log_(miss))));
        const real keen = weighted_(rise, bce);
        const real gain = weighted_(factor, lean);  // focal by the share of class 1, modulator constant
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - goal)*lower + goal*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        const real balance_bar = focal*loss_bar*weight;
        const real focal_bar = balance*loss_bar*weight;
        const real goal_bar = (upper - lower)*balance_bar;
        const real probs_bar_unmasked = (factor*slope + (attached == real(0) ? real(0) : keen*tilt))*focal_bar;
        const real probs_bar = ((weight == real(0)) ? real(0) : probs_bar_unmasked);
        const real target_bar_unmasked = (real(1) - smoothing)*goal_bar + ((real(1) - smoothing)*gain + (attached == real(0) ? real(0) : (real(1) - smoothing)*(real(1) - real(2)*probs)*keen))*focal_bar;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        probs_bar_out.store(i, probs_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL focal_probs_hvp(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(probs_dot) probs_dot_in, ARRAY(target_dot) target_dot_in,
    ARRAY(probs_bar_dot) probs_bar_dot_out, ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real probs_dot;
        probs_dot_in.load(i, probs_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real pos_weight = real(1);  // alpha has its part
        const real goal_moved = real(0.5)*smoothing*(real(1) - target) - real(0.5)*smoothing*target;  // by smoothing
        const real goal = real(0.5)*smoothing*(real(1) - target) + (real(1) - real(0.5)*smoothing)*target;  // asked of class 1
        const real rest = real(0.5)*smoothing*target + (real(1) - target)*(real(1) - real(0.5)*smoothing);  // asked of class 0
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real near = ((probs <= real(0.5)) ? probs : real(1) - probs);  // to the nearer end
        const real kept = max_(least, near);  // at most 1/2
        const real steep = -log_(kept);  // of the nearer end
        const real flat = -log1p_(-kept);  // of the farther end
        const real wanted = goal*pos_weight;
        const real near_share = ((probs <= real(0.5)) ? wanted : rest);
        const real far_share = ((probs <= real(0.5)) ? rest : wanted);
        const real bce = weighted_(far_share, flat) + weighted_(near_share, steep);
        const real inside = step_(near - least, real(0.5));  // whether the clip lets pass
        const real toward = ((probs <= real(0.5)) ? inside : -inside);  // of kept, by p
        const real sharp = ratio_(real(1), kept, real(0));
        const real blunt = real(1)/(real(1) - kept);
        const real near_pull = toward*ratio_(near_share, kept, real(0));
        const real far_pull = blunt*far_share*toward;
        const real held = ((probs <= real(0.5)) ? kept : real(1) - kept);  // p, clipped
        const real excess = ((probs <= real(0.5)) ? -(pos_weight - real(1))*goal*((probs <= real(0.5)) ? real(1) - kept : kept) - goal_moved : (pos_weight - real(1))*goal*((probs <= real(0.5)) ? real(1) - kept : kept) + goal_moved) + ((probs <= real(0.5)) ? held - target : target - held);
        const real slope = ((abs_(pos_weight - real(1.25)) > real(0.75)) ? far_pull - near_pull : blunt*toward*ratio_(excess, kept, far_share));  // by p
        const real odds = log1p_((real(1) - real(2)*kept)/kept);  // log of both ends' ratio
        const real between = ((kept > real(0.25)) ? odds : steep - flat);  // -log of the nearer end less that of the farther
        const real hit = ((probs <= real(0.5)) ? steep : flat);  // -log p
        const real missed = ((probs <= real(0.5)) ? flat : steep);  // -log(1 - p)
        const real lean = ((abs_(pos_weight - real(1.25)) > real(0.75)) ? weighted_(pos_weight, hit) - missed : (pos_weight - real(1))*hit + ((probs <= real(0.5)) ? between : -between));  // by goal less by rest
        const real miss = (real(1) - probs)*goal + probs*rest;  // 1 - p_t: terms >= 0
        const real factor = ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss)));  // modulator
        const real tilt = rest - goal;
        const real rise = weighted_(gamma, ((gamma_lo == real(0)) ? power_(miss, -real(1) + gamma) : weighted_(power_(miss, -real(1) + gamma), real(1) + (gamma_lo + two_diff_error(gamma, real(1)))*log_(miss))));
        const real keen = weighted_(rise, bce);
        const real over = ((miss == real(0)) ? ((gamma == real(2)) ? gamma*bce : real(0)) : weighted_(rise, ratio_(bce, miss, real(0))));  // gamma focal/miss^2
        const real pitch = weighted_(rise, lean);
        const real gain = weighted_(factor, lean);  // focal by the share of class 1, modulator constant
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - goal)*lower + goal*upper;  // alpha or 1 - alpha
        const real focal_bar = balance*loss_bar*weight;
        const real goal_dot = (real(1) - smoothing)*target_dot;
        const real rest_dot = (-real(1) + smoothing)*target_dot;
        const real wanted_dot = goal_dot*pos_weight;
        const real near_share_dot = rest_dot*((probs <= real(0.5)) ? real(0) : real(1)) + wanted_dot*((probs <= real(0.5)) ? real(1) : real(0));
        const real far_share_dot = wanted_dot*((probs <= real(0.5)) ? real(0) : real(1)) + rest_dot*((probs <= real(0.5)) ? real(1) : real(0));
        const real slope_dot = (blunt*far_pull*toward + near_pull*sharp*toward)*probs_dot + blunt*far_share_dot*toward - near_share_dot*sharp*toward;
        const real lean_dot = (blunt*toward*((probs <= real(0.5)) ? real(1) : pos_weight) + sharp*toward*((probs <= real(0.5)) ? pos_weight : real(1)))*probs_dot*((probs <= real(0.5)) ? real(-1) : real(1));
        const real factor_dot = (attached == real(0) ? real(0) : probs_dot*rise*tilt) + (attached == real(0) ? real(0) : (real(1) - smoothing)*(real(1) - real(2)*probs)*rise*target_dot);
        const real focal_dot = (factor*slope + (attached == real(0) ? real(0) : keen*tilt))*probs_dot + ((real(1) - smoothing)*gain + (attached == real(0) ? real(0) : (real(1) - smoothing)*(real(1) - real(2)*probs)*keen))*target_dot;
        const real tilt_dot = rest_dot - goal_dot;
        const real keen_dot = (rise*slope + (-real(1) + gamma)*over*tilt)*probs_dot + ((real(1) - smoothing)*pitch + (real(1) - smoothing)*(real(1) - real(2)*probs)*(-real(1) + gamma)*over)*target_dot;
        const real gain_dot = factor*lean_dot + (attached == real(0) ? real(0) : pitch*probs_dot*tilt) + (attached == real(0) ? real(0) : (real(1) - smoothing)*(real(1) - real(2)*probs)*pitch*target_dot);
        const real balance_dot = (upper - lower)*goal_dot;
        const real balance_bar_dot = focal_dot*loss_bar*weight;
        const real focal_bar_dot = balance_dot*loss_bar*weight;
        const real goal_bar_dot = (upper - lower)*balance_bar_dot;
        const real probs_bar_unmasked_dot = (factor*slope + (attached == real(0) ? real(0) : keen*tilt))*focal_bar_dot + factor*focal_bar*slope_dot + factor_dot*focal_bar*slope + (attached == real(0) ? real(0) : focal_bar*keen*tilt_dot) + (attached == real(0) ? real(0) : focal_bar*keen_dot*tilt);
        const real probs_bar_dot = ((weight == real(0)) ? real(0) : probs_bar_unmasked_dot);
        const real target_bar_unmasked_dot = (real(1) - smoothing)*goal_bar_dot + ((real(1) - smoothing)*gain + (attached == real(0) ? real(0) : (real(1) - smoothing)*(real(1) - real(2)*probs)*keen))*focal_bar_dot + (real(1) - smoothing)*focal_bar*gain_dot + (attached == real(0) ? real(0) : (real(1) - smoothing)*(real(1) - real(2)*probs)*focal_bar*keen_dot) - (attached == real(0) ? real(0) : real(2)*(real(1) - smoothing)*focal_bar*keen*probs_dot);
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        probs_bar_dot_out.store(i, probs_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}

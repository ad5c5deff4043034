// Binary cross-entropy: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight ((1 - q) min(-log(1 - p + added), most) + pos_weight q min(-log(p + added), most));
//     p = probs, kept from clip to 1 - clip;
//     q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing
//
// Subgradients
//     where p is at a clip, half of the slope inside; none elsewhere.
//
// Constants
//     label_smoothing: how much is taken from targets (default 0.0)
//     lost: share of it that a target of 1 loses (default 0.5)
//     raised: share of it that a target of 0 gains (default 0.5)
//     clip: probabilities are kept from it to 1 less it (default 0.0)
//     added: added to both probabilities before their logarithms (default 0.0)
//     most: bound of minus the logarithms (default inf)
//
// Source
//     Cox 1958; torch.nn.functional.binary_cross_entropy.

KERNEL bce_probs_value(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(pos_weight) pos_weight_in,
    ARRAY(weight) weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real pos_weight;
        pos_weight_in.load(i, pos_weight);
        real weight;
        weight_in.load(i, weight);
        const real goal = (real(1) - label_smoothing*lost)*target + label_smoothing*raised*(real(1) - target);  // asked of class 1
        const real rest = (real(1) - target)*(real(1) - label_smoothing*raised) + label_smoothing*lost*target;  // asked of class 0
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real near = ((probs <= real(0.5)) ? probs : real(1) - probs);  // to the nearer end
        const real kept = max_(least, near);  // at most 1/2
        const real steep = -log_(kept + added);  // of the nearer end
        const real flat = -log1p_(-kept + added);  // of the farther end
        const real wanted = goal*pos_weight;
        const real near_share = ((probs <= real(0.5)) ? wanted : rest);
        const real near_log = ((most < steep) ? most : steep);
        const real far_share = ((probs <= real(0.5)) ? rest : wanted);
        const real far_log = ((most < flat) ? most : flat);
        const real bce = weighted_(far_share, far_log) + weighted_(near_share, near_log);
        const real loss = weighted_(weight, bce);
        loss_out.store(i, loss);
    });
}

KERNEL bce_probs_grad(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(pos_weight) pos_weight_in,
    ARRAY(weight) weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(probs_bar)
    probs_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real pos_weight;
        pos_weight_in.load(i, pos_weight);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real goal_moved = label_smoothing*raised*(real(1) - target) - label_smoothing*lost*target;  // by smoothing
        const real goal = (real(1) - label_smoothing*lost)*target + label_smoothing*raised*(real(1) - target);  // asked of class 1
        const real rest = (real(1) - target)*(real(1) - label_smoothing*raised) + label_smoothing*lost*target;  // asked of class 0
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real near = ((probs <= real(0.5)) ? probs : real(1) - probs);  // to the nearer end
        const real kept = max_(least, near);  // at most 1/2
        const real steep = -log_(kept + added);  // of the nearer end
        const real flat = -log1p_(-kept + added);  // of the farther end
        const real wanted = goal*pos_weight;
        const real near_share = ((probs <= real(0.5)) ? wanted : rest);
        const real near_log = ((most < steep) ? most : steep);
        const real far_share = ((probs <= real(0.5)) ? rest : wanted);
        const real far_log = ((most < flat) ? most : flat);
        const real bce = weighted_(far_share, far_log) + weighted_(near_share, near_log);
        const real inside = step_(near - least, real(0.5));  // whether the clip lets pass
        const real toward = ((probs <= real(0.5)) ? inside : -inside);  // of kept, by p
        const real blunt = real(1)/(real(1) - kept + added);
        const real near_felt = ((most < steep) ? real(0) : toward);
        const real far_felt = ((most < flat) ? real(0) : toward);
        const real near_pull = near_felt*ratio_(near_share, kept + added, real(0));
        const real far_pull = blunt*far_felt*far_share;
        const real held = ((probs <= real(0.5)) ? kept : real(1) - kept);  // p, clipped
        const real excess = added*(far_share - near_share) + ((probs <= real(0.5)) ? -(pos_weight - real(1))*goal*((probs <= real(0.5)) ? real(1) - kept : kept) - goal_moved : (pos_weight - real(1))*goal*((probs <= real(0.5)) ? real(1) - kept : kept) + goal_moved) + ((probs <= real(0.5)) ? held - target : target - held);
        const real slope = ((most < steep) ? far_pull : ((abs_(pos_weight - real(1.25)) > real(0.75)) ? far_pull - near_pull : blunt*toward*ratio_(excess, kept + added, far_share)));  // by p
        const real odds = log1p_((real(1) - real(2)*kept)/(kept + added));  // log of both ends' ratio
        const real between = ((most < steep) ? near_log - far_log : ((kept > real(0.25)) ? odds : steep - flat));  // -log of the nearer end less that of the farther
        const real hit = ((probs <= real(0.5)) ? near_log : far_log);  // -log p
        const real missed = ((probs <= real(0.5)) ? far_log : near_log);  // -log(1 - p)
        const real lean = ((abs_(pos_weight - real(1.25)) > real(0.75)) ? weighted_(pos_weight, hit) - missed : (pos_weight - real(1))*hit + ((probs <= real(0.5)) ? between : -between));  // by goal less by rest
        const real loss = weighted_(weight, bce);
        const real bce_bar = loss_bar*weight;
        const real probs_bar_unmasked = bce_bar*slope;
        const real probs_bar = ((weight == real(0)) ? real(0) : probs_bar_unmasked);
        const real target_bar_unmasked = (real(1) - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        probs_bar_out.store(i, probs_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL bce_probs_hvp(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(pos_weight) pos_weight_in,
    ARRAY(weight) weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(probs_dot) probs_dot_in,
    ARRAY(target_dot) target_dot_in, ARRAY(probs_bar_dot) probs_bar_dot_out,
    ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real pos_weight;
        pos_weight_in.load(i, pos_weight);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real probs_dot;
        probs_dot_in.load(i, probs_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real goal = (real(1) - label_smoothing*lost)*target + label_smoothing*raised*(real(1) - target);  // asked of class 1
        const real rest = (real(1) - target)*(real(1) - label_smoothing*raised) + label_smoothing*lost*target;  // asked of class 0
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real near = ((probs <= real(0.5)) ? probs : real(1) - probs);  // to the nearer end
        const real kept = max_(least, near);  // at most 1/2
        const real steep = -log_(kept + added);  // of the nearer end
        const real flat = -log1p_(-kept + added);  // of the farther end
        const real wanted = goal*pos_weight;
        const real near_share = ((probs <= real(0.5)) ? wanted : rest);
        const real far_share = ((probs <= real(0.5)) ? rest : wanted);
        const real inside = step_(near - least, real(0.5));  // whether the clip lets pass
        const real toward = ((probs <= real(0.5)) ? inside : -inside);  // of kept, by p
        const real sharp = ratio_(real(1), kept + added, real(0));
        const real blunt = real(1)/(real(1) - kept + added);
        const real near_felt = ((most < steep) ? real(0) : toward);
        const real far_felt = ((most < flat) ? real(0) : toward);
        const real near_pull = near_felt*ratio_(near_share, kept + added, real(0));
        const real far_pull = blunt*far_felt*far_share;
        const real bce_bar = loss_bar*weight;
        const real goal_dot = (real(1) - label_smoothing*lost - label_smoothing*raised)*target_dot;
        const real rest_dot = (-real(1) + label_smoothing*lost + label_smoothing*raised)*target_dot;
        const real wanted_dot = goal_dot*pos_weight;
        const real near_share_dot = rest_dot*((probs <= real(0.5)) ? real(0) : real(1)) + wanted_dot*((probs <= real(0.5)) ? real(1) : real(0));
        const real far_share_dot = wanted_dot*((probs <= real(0.5)) ? real(0) : real(1)) + rest_dot*((probs <= real(0.5)) ? real(1) : real(0));
        const real slope_dot = (blunt*far_felt*far_pull + near_felt*near_pull*sharp)*probs_dot + blunt*far_felt*far_share_dot - near_felt*near_share_dot*sharp;
        const real lean_dot = (blunt*far_felt*((probs <= real(0.5)) ? real(1) : pos_weight) + near_felt*sharp*((probs <= real(0.5)) ? pos_weight : real(1)))*probs_dot*((probs <= real(0.5)) ? real(-1) : real(1));
        const real probs_bar_unmasked_dot = bce_bar*slope_dot;
        const real probs_bar_dot = ((weight == real(0)) ? real(0) : probs_bar_unmasked_dot);
        const real target_bar_unmasked_dot = (real(1) - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean_dot;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        probs_bar_dot_out.store(i, probs_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}

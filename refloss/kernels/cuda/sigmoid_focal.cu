// Sigmoid focal loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight (alpha_t (1 - p_t)^gamma BCE(logits, target) + poly),  p = sigmoid(logits);
//     poly = epsilon (alpha_t or 1) (1 - p_t)^(gamma + 1), of mixed targets alone;
//     p_t = p target + (1 - p) (1 - target), or exp(-BCE); alpha_t: alpha or 1 - alpha, by the target
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//     gamma: power of 1 - p_t (default 2.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//     epsilon: factor of (1 - p_t)^(gamma + 1), which is added (default 0.0)
//     poly_balanced: 1: alpha multiplies that term too; 0: it does not (default 1.0)
//     smoothing: target of the cross-entropy: (1 - it) t + it/2 (default 0.0)
//     on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
//     on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
//     alpha: factor of the elements that alpha_side names (default 0.25)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002, eq. 5.

KERNEL sigmoid_focal_value(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real reach = abs_(logits);
        const real tail = exp_(-reach);  // at most 1
        const real bend = log1p_(tail);
        const real major = real(1)/(real(1) + tail);  // the larger of p and 1 - p
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real mass = has*tail + lacks;  // 1 - p_t, but for a factor 1 + tail
        const real deep = ((lacks == real(0)) ? reach : -log_(mass));  // -log mass
        const real depth = bend + deep;  // -log(1 - p_t): two terms >= 0
        const real scaled = weighted_(gamma, depth);
        const real lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted_(gamma_lo, -depth);  // rounding errors of the exponent
        const real missed = major*mass;  // 1 - p_t
        const real factor = ((gamma == real(2)) ? missed*missed : (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled));  // modulator
        const real focal = bce*factor;
        const real poly = ((epsilon == real(0)) ? real(0) : factor*missed);  // polynomial term
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal + ((epsilon == real(0)) ? real(0) : epsilon*poly*((poly_balanced == real(0)) ? real(1) : balance)));
        loss_out.store(i, loss);
    });
}

KERNEL sigmoid_focal_grad(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar) logits_bar_out,
    ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real sign = ((logits >= real(0)) ? real(1) : real(-1));  // side of the logit; that of 0 is 1
        const real reach = abs_(logits);
        const real tail = exp_(-reach);  // at most 1
        const real bend = log1p_(tail);
        const real major = real(1)/(real(1) + tail);  // the larger of p and 1 - p
        const real minor = tail/(real(1) + tail);  // the smaller
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real has_soft = ((smoothing == real(0)) ? has : has*keep + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real lean = lacks_soft - has_soft*tail;
        const real fall = -expm1_(-reach);  // 1 - tail
        const real mass = has*tail + lacks;  // 1 - p_t, but for a factor 1 + tail
        const real deep = ((lacks == real(0)) ? reach : -log_(mass));  // -log mass
        const real depth = bend + deep;  // -log(1 - p_t): two terms >= 0
        const real scaled = weighted_(gamma, depth);
        const real lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted_(gamma_lo, -depth);  // rounding errors of the exponent
        const real missed = major*mass;  // 1 - p_t
        const real factor = ((gamma == real(2)) ? missed*missed : (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled));  // modulator
        const real focal = bce*factor;
        const real odds = ratio_(tail, mass, real(1));  // at most 1 of a hard target
        const real tilt = lacks - has;
        const real heft = ((gamma == real(2)) ? real(2)*weighted_(major*missed*tail, bce) : gamma*weighted_(odds, focal));  // gamma focal odds
        const real push = factor*lean;
        const real pull = (attached == real(0) ? real(0) : heft*tilt) + push;
        const real steep = ratio_(bend, mass, real(1));  // at most 1
        const real lift = weighted_(gamma, exp_(-(gamma*bend))*exp_(weighted_(real(1) - gamma, deep)));  // gamma factor/mass^1
        const real keen = gamma*factor*steep + weighted_(lacks_soft, lift*reach);  // gamma focal/mass
        const real poly = ((epsilon == real(0)) ? real(0) : factor*missed);  // polynomial term
        const real width = major*minor;  // p (1 - p)
        const real flat = factor*width;
        const real away = factor*fall*major;
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal + ((epsilon == real(0)) ? real(0) : epsilon*poly*((poly_balanced == real(0)) ? real(1) : balance)));
        const real balance_bar = (((epsilon == real(0)) ? real(0) : epsilon*poly*((poly_balanced == real(0)) ? real(0) : real(1))) + focal)*loss_bar*weight;
        const real poly_bar = ((epsilon == real(0)) ? real(0) : ((poly_balanced == real(0)) ? epsilon*loss_bar*weight : epsilon*balance*loss_bar*weight));
        const real focal_bar = balance*loss_bar*weight;
        const real logits_bar0 = focal_bar*major*pull*sign;
        const real target_bar0 = (-factor*keep*logits - (attached == real(0) ? real(0) : fall*keen*sign))*focal_bar + (upper - lower)*balance_bar;
        const real logits_bar_unmasked = ((epsilon == real(0)) ? logits_bar0 : (real(1) + (attached == real(0) ? real(0) : gamma))*flat*poly_bar*sign*tilt + logits_bar0);
        const real logits_bar = ((weight == real(0)) ? real(0) : logits_bar_unmasked);
        const real target_bar_unmasked = ((epsilon == real(0)) ? target_bar0 : (-real(1) - (attached == real(0) ? real(0) : gamma))*away*poly_bar*sign + target_bar0);
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        logits_bar_out.store(i, logits_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL sigmoid_focal_hvp(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in, ARRAY(target_dot)
    target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out, ARRAY(target_bar_dot)
    target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real logits_dot;
        logits_dot_in.load(i, logits_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real sign = ((logits >= real(0)) ? real(1) : real(-1));  // side of the logit; that of 0 is 1
        const real reach = abs_(logits);
        const real tail = exp_(-reach);  // at most 1
        const real bend = log1p_(tail);
        const real major = real(1)/(real(1) + tail);  // the larger of p and 1 - p
        const real minor = tail/(real(1) + tail);  // the smaller
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real has_soft = ((smoothing == real(0)) ? has : has*keep + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real lean = lacks_soft - has_soft*tail;
        const real fall = -expm1_(-reach);  // 1 - tail
        const real mass = has*tail + lacks;  // 1 - p_t, but for a factor 1 + tail
        const real deep = ((lacks == real(0)) ? reach : -log_(mass));  // -log mass
        const real depth = bend + deep;  // -log(1 - p_t): two terms >= 0
        const real scaled = weighted_(gamma, depth);
        const real lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted_(gamma_lo, -depth);  // rounding errors of the exponent
        const real missed = major*mass;  // 1 - p_t
        const real factor = ((gamma == real(2)) ? missed*missed : (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled));  // modulator
        const real focal = bce*factor;
        const real odds = ratio_(tail, mass, real(1));  // at most 1 of a hard target
        const real tilt = lacks - has;
        const real heft = ((gamma == real(2)) ? real(2)*weighted_(major*missed*tail, bce) : gamma*weighted_(odds, focal));  // gamma focal odds
        const real push = factor*lean;
        const real pull = (attached == real(0) ? real(0) : heft*tilt) + push;
        const real steep = ratio_(bend, mass, real(1));  // at most 1
        const real lift = weighted_(gamma, exp_(-(gamma*bend))*exp_(weighted_(real(1) - gamma, deep)));  // gamma factor/mass^1
        const real peak = weighted_(gamma, exp_(-(gamma*bend))*exp_(weighted_(real(2) - gamma, deep)));  // gamma factor/mass^2
        const real keen = gamma*factor*steep + weighted_(lacks_soft, lift*reach);  // gamma focal/mass
        const real crest = weighted_(lacks_soft, peak*reach);  // gamma focal/mass^2, part of reach
        const real cliff = weighted_(lacks_soft, reach*exp_(deep)) + steep;  // its quotient by lift
        const real edge = weighted_(lacks_soft, lift) - gamma*factor*has_soft*odds;  // gamma factor lean/mass
        const real width = major*minor;  // p (1 - p)
        const real flat = factor*width;
        const real away = factor*fall*major;
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real poly_bar = ((epsilon == real(0)) ? real(0) : ((poly_balanced == real(0)) ? epsilon*loss_bar*weight : epsilon*balance*loss_bar*weight));
        const real focal_bar = balance*loss_bar*weight;
        const real major_dot = logits_dot*major*minor*sign;
        const real lacks_dot = target_dot*((logits >= real(0)) ? real(-1) : real(1));
        const real has_dot = sign*target_dot;
        const real fall_dot = logits_dot*sign*tail;
        const real factor_dot = (attached == real(0) ? real(0) : gamma*factor*logits_dot*major*odds*sign*tilt) + weighted_(target_dot, (attached == real(0) ? real(0) : -(fall*lift*sign)));
        const real focal_dot = (-factor*keep*logits - (attached == real(0) ? real(0) : fall*keen*sign))*target_dot + logits_dot*major*pull*sign;
        const real tilt_dot = lacks_dot - has_dot;
        const real heft_dot = (fall*keen*odds*sign - gamma*factor*keep*logits*odds - (attached == real(0) ? real(0) : gamma*fall*keen*odds*sign))*target_dot + gamma*logits_dot*major*odds*pull*sign - heft*logits_dot*sign*ratio_(lacks, mass, real(0));
        const real push_dot = (-(real(1) + tail)*factor*keep*sign - (attached == real(0) ? real(0) : edge*fall*sign))*target_dot + (factor*has_soft*sign*tail + (attached == real(0) ? real(0) : gamma*factor*lean*major*odds*sign*tilt))*logits_dot;
        const real pull_dot = (attached == real(0) ? real(0) : heft*tilt_dot) + (attached == real(0) ? real(0) : heft_dot*tilt) + push_dot;
        const real keen_dot = (edge*major*sign + has*keen*odds*sign + (attached == real(0) ? real(0) : gamma*keen*major*odds*sign*tilt))*logits_dot + weighted_(target_dot, ((gamma < real(1)) ? ((fall*sign - (attached == real(0) ? real(0) : gamma*fall*sign))*cliff - keep*logits)*lift : (fall*sign - (attached == real(0) ? real(0) : gamma*fall*sign))*(lift*steep + crest) - keep*lift*logits));
        const real poly_dot = target_dot*((epsilon == real(0)) ? real(0) : (-real(1) - (attached == real(0) ? real(0) : gamma))*away*sign) + logits_dot*((epsilon == real(0)) ? real(0) : (real(1) + (attached == real(0) ? real(0) : gamma))*flat*sign*tilt);
        const real flat_dot = ((attached == real(0) ? real(0) : gamma*odds*tilt) - fall)*flat*logits_dot*major*sign - (attached == real(0) ? real(0) : gamma*(major*major)*factor*fall*odds*sign*target_dot);
        const real away_dot = ((attached == real(0) ? real(0) : gamma*fall*major*odds*tilt) + real(2)*minor)*factor*logits_dot*major*sign + weighted_(target_dot, ((epsilon == real(0)) ? real(0) : (attached == real(0) ? real(0) : -((fall*fall)*lift*major*sign))));
        const real balance_dot = (upper - lower)*target_dot;
        const real balance_bar_dot = focal_dot*loss_bar*weight + loss_bar*poly_dot*weight*((epsilon == real(0)) ? real(0) : epsilon*((poly_balanced == real(0)) ? real(0) : real(1)));
        const real poly_bar_dot = balance_dot*((epsilon == real(0)) ? real(0) : ((poly_balanced == real(0)) ? real(0) : epsilon*loss_bar*weight));
        const real focal_bar_dot = balance_dot*loss_bar*weight;
        const real logits_bar0_dot = focal_bar*major*pull_dot*sign + focal_bar*major_dot*pull*sign + focal_bar_dot*major*pull*sign;
        const real target_bar0_dot = (-factor*keep*logits - (attached == real(0) ? real(0) : fall*keen*sign))*focal_bar_dot + (upper - lower)*balance_bar_dot - factor*focal_bar*keep*logits_dot - factor_dot*focal_bar*keep*logits - (attached == real(0) ? real(0) : fall*focal_bar*keen_dot*sign) - (attached == real(0) ? real(0) : fall_dot*focal_bar*keen*sign);
        const real logits_bar_unmasked_dot = tilt_dot*((epsilon == real(0)) ? real(0) : (real(1) + (attached == real(0) ? real(0) : gamma))*flat*poly_bar*sign) + poly_bar_dot*((epsilon == real(0)) ? real(0) : (real(1) + (attached == real(0) ? real(0) : gamma))*flat*sign*tilt) + flat_dot*((epsilon == real(0)) ? real(0) : (real(1) + (attached == real(0) ? real(0) : gamma))*poly_bar*sign*tilt) + logits_bar0_dot;
        const real logits_bar_dot = ((weight == real(0)) ? real(0) : logits_bar_unmasked_dot);
        const real target_bar_unmasked_dot = poly_bar_dot*((epsilon == real(0)) ? real(0) : (-real(1) - (attached == real(0) ? real(0) : gamma))*away*sign) + away_dot*((epsilon == real(0)) ? real(0) : (-real(1) - (attached == real(0) ? real(0) : gamma))*poly_bar*sign) + target_bar0_dot;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        logits_bar_dot_out.store(i, logits_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}

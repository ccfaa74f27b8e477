// The end of a step: losses and their gradient, what the step amounts to, and AdamW. Everything is in f32.
#include "common.cuh"

// ---- loss; the numbers are those of the host's Loss

const int CROSS_ENTROPY = 0;

// losses[b] and dx[b] = d losses[b] / d x[b] for outputs x and targets y [examples, columns]; a warp for each example
KERNEL loss_of_examples(
        const float* x, Index stride, const float* y, float* losses, float* dx, Index examples, Index columns, int f) {
    Index row = rowOfWarp();
    if (row >= examples) {
        return;
    }
    x += row * stride;
    y += row * columns;
    dx += row * columns;
    if (f == CROSS_ENTROPY) {
        float largest = __uint_as_float(0xFF800000u); // minus infinity
        for (Index c = lane(); c < columns; c += WARP) {
            largest = fmaxf(largest, x[c]);
        }
        largest = maximumOfWarp(largest);
        float sum = 0.0f, targets = 0.0f;
        for (Index c = lane(); c < columns; c += WARP) {
            sum += expf(x[c] - largest);
            targets += y[c];
        }
        float logarithm = logf(sumOfWarp(sum)) + largest;
        targets = sumOfWarp(targets);
        float loss = 0.0f;
        for (Index c = lane(); c < columns; c += WARP) {
            loss += y[c] * (logarithm - x[c]);
            dx[c] = targets * expf(x[c] - logarithm) - y[c];
        }
        loss = sumOfWarp(loss);
        if (lane() == 0) {
            losses[row] = loss;
        }
        return;
    }
    float loss = 0.0f;
    for (Index c = lane(); c < columns; c += WARP) {
        float error = x[c] - y[c];
        loss += error * error / columns;
        dx[c] = 2.0f * error / columns;
    }
    loss = sumOfWarp(loss);
    if (lane() == 0) {
        losses[row] = loss;
    }
}

// ---- what the step amounts to: sums in a fixed order, first of pieces and then of these

// sums[i] = sum of the squares of piece i of x
KERNEL sums_of_squares(const float* x, Index length, Index piece, float* sums, Index pieces) {
    Index row = rowOfWarp();
    if (row >= pieces) {
        return;
    }
    Index end = (row + 1) * piece < length ? (row + 1) * piece : length;
    float sum = 0.0f;
    for (Index i = row * piece + lane(); i < end; i += WARP) {
        sum += x[i] * x[i];
    }
    sum = sumOfWarp(sum);
    if (lane() == 0) {
        sums[row] = sum;
    }
}

__device__ inline bool isFinite(float x) {
    return (__float_as_uint(x) & 0x7F800000u) != 0x7F800000u;
}

// summary = mean loss, norm of the mean gradient, factor of the gradient, 0; one warp
KERNEL step_summary(
        const float* losses, Index examples, const float* sums, Index pieces, float largestNorm, float* summary) {
    if (rowOfWarp() > 0) {
        return;
    }
    float loss = 0.0f, squares = 0.0f;
    for (Index i = lane(); i < examples; i += WARP) {
        loss += losses[i];
    }
    for (Index i = lane(); i < pieces; i += WARP) {
        squares += sums[i];
    }
    loss = sumOfWarp(loss);
    float norm = sqrtf(sumOfWarp(squares)) / examples;
    float factor = largestNorm > 0.0f && norm > largestNorm ? largestNorm / norm : 1.0f;
    if (lane() == 0) {
        summary[0] = loss / examples;
        summary[1] = norm;
        summary[2] = isFinite(loss) && isFinite(norm) ? factor / examples : __uint_as_float(0x7FC00000u); // NaN
        summary[3] = 0.0f;
    }
}

// ---- AdamW

// As the host writes it: Pieces.
struct Piece {
    Index from;
    Index first;
    Index second;
    float firstCorrection;
    float secondCorrection;
    float weightDecay;
    int length;
};

// A warp for each piece; threads that leave the range of numbers all write the same to summary[3].
KERNEL adamw(
        const Piece* pieces,
        Index count,
        float* parameters,
        const float* gradient,
        float* state,
        float* summary,
        float learningRate,
        float beta1,
        float beta2,
        float rest1,
        float rest2,
        float epsilon) {
    Index row = rowOfWarp();
    float factor = summary[2];
    if (row >= count || factor != factor) {
        return;
    }
    Piece piece = pieces[row];
    for (int i = lane(); i < piece.length; i += WARP) {
        float g = gradient[piece.from + i] * factor;
        float m = beta1 * state[piece.first + i] + rest1 * g;
        float v = beta2 * state[piece.second + i] + rest2 * g * g;
        float p = parameters[piece.from + i];
        float direction = m / piece.firstCorrection / (sqrtf(v / piece.secondCorrection) + epsilon);
        p -= learningRate * (direction + piece.weightDecay * p);
        state[piece.first + i] = m;
        state[piece.second + i] = v;
        parameters[piece.from + i] = p;
        if (!isFinite(p)) {
            summary[3] = 1.0f;
        }
    }
}

// The end of a step: losses and their gradients, the summary of the step, clipping, and AdamW. Everything is in f32.
#include "common.cuh"

// ---- losses

// losses[i] = (1 - smoothing) * -log softmax(x[i])[classes[i]] + smoothing * mean(-log softmax(x[i])) and its gradient
// weight * (softmax(x) - (1 - smoothing) * one-hot - smoothing / columns) in the place of x, a warp for each row
KERNEL cross_entropy(
        float* x,
        Index stride,
        const int* classes,
        float smoothing,
        float weight,
        float* losses,
        Index rows,
        Index columns) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    x += row * stride;
    // Read by all lanes before one of them writes: the sums over the warp come between.
    float ofClass = x[classes[row]];
    float largest = __uint_as_float(0xFF800000u); // minus infinity
    for (Index c = lane(); c < columns; c += WARP) {
        largest = fmaxf(largest, x[c]);
    }
    largest = maximumOfWarp(largest);
    float sum = 0.0f;
    for (Index c = lane(); c < columns; c += WARP) {
        sum += expf(x[c] - largest);
    }
    float logarithm = logf(sumOfWarp(sum));
    float ofEach = smoothing / columns;
    float logarithms = 0.0f;
    for (Index c = lane(); c < columns; c += WARP) {
        float logSoftmax = x[c] - largest - logarithm;
        float slope = c == classes[row] ? expm1f(logSoftmax) + smoothing : expf(logSoftmax);
        x[c] = weight * (slope - ofEach);
        logarithms += logSoftmax;
    }
    logarithms = sumOfWarp(logarithms);
    if (lane() == 0) {
        float loss = -(ofClass - largest - logarithm);
        losses[row] = smoothing == 0.0f ? loss : (1.0f - smoothing) * loss - ofEach * logarithms;
    }
}

// losses[i] = mean over the columns of softplus(x) - x * targets, and weight / columns * (sigmoid(x) - targets) in the place
// of x, a warp for each row. Of negative exponents only, which cannot overflow.
KERNEL binary_cross_entropy(
        float* x,
        Index stride,
        const float* targets,
        float weight,
        float* losses,
        Index rows,
        Index columns) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    x += row * stride;
    targets += row * columns;
    float sum = 0.0f;
    for (Index c = lane(); c < columns; c += WARP) {
        float small = expf(-fabsf(x[c]));
        float probability = (x[c] >= 0.0f ? 1.0f : small) / (1.0f + small);
        sum += fmaxf(x[c], 0.0f) - x[c] * targets[c] + log1pf(small);
        x[c] = weight / columns * (probability - targets[c]);
    }
    sum = sumOfWarp(sum);
    if (lane() == 0) {
        losses[row] = sum / columns;
    }
}

// losses[i] = (x[i] - targets[i])^2, and 2 * weight * (x[i] - targets[i]) in the place of x
KERNEL squared_error(
        float* x, Index stride, const float* targets, float weight, float* losses, Index rows) {
    Index row, column;
    if (cell<1>(rows, 1, row, column)) {
        float error = x[row * stride] - targets[row];
        losses[row] = error * error;
        x[row * stride] = 2.0f * weight * error;
    }
}

// ---- summary of the step: sums in a fixed order, first of pieces and then of these

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

// Places in a step's summary, as the host numbers them.
const int LOSS = 0;
const int NORM = 1;
const int FINITE = 2;
const int OVERFLOWS = 3;

// The mean of the losses, the norm of the gradient, whether both are finite, 0; one warp
KERNEL step_summary(const float* losses, Index rows, const float* sums, Index pieces, float* summary) {
    if (rowOfWarp() > 0) {
        return;
    }
    float loss = 0.0f, squares = 0.0f;
    for (Index i = lane(); i < rows; i += WARP) {
        loss += losses[i];
    }
    for (Index i = lane(); i < pieces; i += WARP) {
        squares += sums[i];
    }
    loss = sumOfWarp(loss) / rows;
    float norm = sqrtf(sumOfWarp(squares));
    if (lane() == 0) {
        summary[LOSS] = loss;
        summary[NORM] = norm;
        summary[FINITE] = isFinite(loss) && isFinite(norm) ? 1.0f : 0.0f;
        summary[OVERFLOWS] = 0.0f;
    }
}

// Scales the gradient to the norm maxNorm where its norm is above that.
KERNEL clip_gradient(float* gradient, Index length, float maxNorm, const float* summary) {
    Index row, i;
    float norm = summary[NORM];
    if (summary[FINITE] != 0.0f && norm > maxNorm && cell<1>(1, length, row, i)) {
        gradient[i] *= maxNorm / norm;
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

// The gradient becomes the step to subtract. A warp for each piece; all threads whose parameter would overflow write the
// same to the summary.
KERNEL adamw(
        const Piece* pieces,
        Index count,
        const float* parameters,
        float* gradient,
        float* state,
        float* summary,
        float learningRate,
        float beta1,
        float beta2,
        float rest1,
        float rest2,
        float epsilon) {
    Index row = rowOfWarp();
    if (row >= count || summary[FINITE] == 0.0f) {
        return;
    }
    Piece piece = pieces[row];
    for (int i = lane(); i < piece.length; i += WARP) {
        float g = gradient[piece.from + i];
        float m = beta1 * state[piece.first + i] + rest1 * g;
        float v = beta2 * state[piece.second + i] + rest2 * g * g;
        float p = parameters[piece.from + i];
        float direction = m / piece.firstCorrection / (sqrtf(v / piece.secondCorrection) + epsilon);
        float step = learningRate * (direction + piece.weightDecay * p);
        state[piece.first + i] = m;
        state[piece.second + i] = v;
        gradient[piece.from + i] = step;
        if (!isFinite(p - step)) {
            summary[OVERFLOWS] = 1.0f;
        }
    }
}

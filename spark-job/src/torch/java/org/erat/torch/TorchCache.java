package org.erat.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.erat.data.architecture.Architecture;

/**
 * Keys and values [B,K,T,D] of each block, allocated once for the longest sequence: new tokens are written in their places.
 * To append them to a smaller tensor, as some programs do, would copy all of it for every token.
 */
final class TorchCache implements AutoCloseable {
    private final NDManager manager;
    private final List<NDArray> keys = new ArrayList<>();
    private final List<NDArray> values = new ArrayList<>();
    private final TorchScript write;
    private final TorchScript attention;
    private int length;
    private int newest;
    private NDArray places;
    private NDArray count;

    /** @param room most tokens of a sequence */
    TorchCache(NDManager parent, TorchTransformer transformer, int batch, int room) {
        this.manager = parent.newSubManager();
        Architecture architecture = transformer.architecture();
        Shape shape = new Shape(
                batch,
                architecture.heads().keyValue(),
                room,
                architecture.heads().width());
        for (int block = 0; block < architecture.blocks(); block++) {
            keys.add(zeros(transformer, shape));
            values.add(zeros(transformer, shape));
        }
        this.write = new TorchScript(manager, "torch.index_copy_(cache, 2, places, x)", "cache", "places", "x");
        this.attention = transformer.attention(
                manager,
                "torch.slice(k, 2, 0, int(n))",
                "torch.slice(v, 2, 0, int(n))",
                "None",
                false,
                "q",
                "k",
                "v",
                "n");
    }

    private NDArray zeros(TorchTransformer transformer, Shape shape) {
        return transformer.cast(manager, manager.zeros(shape));
    }

    /**
     * Makes places for the next tokens of each sequence.
     *
     * @return the position of the first
     */
    int append(NDManager scope, int tokens) {
        int from = length;
        newest = tokens;
        length += tokens;
        places = scope.create(LongStream.range(from, length).toArray());
        count = scope.create((long) length);
        return from;
    }

    /** Whether there are tokens before the newest ones. */
    boolean hasEarlier() {
        return length > newest;
    }

    /** Takes the newest tokens' keys and values in a block, [B,K,T,D]. */
    void keep(NDManager scope, int block, NDArray key, NDArray value) {
        write.apply(scope, keys.get(block), places, key);
        write.apply(scope, values.get(block), places, value);
    }

    /** The attention of one newest token of each sequence, [B,A,1,D]. */
    NDArray attend(NDManager scope, int block, NDArray query) {
        return attention.apply(scope, query, keys.get(block), values.get(block), count);
    }

    @Override
    public void close() {
        manager.close();
    }
}

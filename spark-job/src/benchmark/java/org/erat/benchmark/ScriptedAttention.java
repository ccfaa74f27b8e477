package org.erat.benchmark;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * libtorch's fused attention, {@code scaled_dot_product_attention}. DJL's arrays have no method for it, but it can load
 * TorchScript; so this is a TorchScript module of one call, written here in the format that {@code torch.jit.save} has.
 */
final class ScriptedAttention {
    private final PtSymbolBlock masked;
    private final PtSymbolBlock plain;

    ScriptedAttention(NDManager manager) {
        // The optimizer would take the fused operation apart to differentiate it.
        JniUtils.setGraphExecutorOptimize(false);
        this.masked = module((PtNDManager) manager, "q: Tensor, k: Tensor, v: Tensor, mask: Tensor", "mask");
        this.plain = module((PtNDManager) manager, "q: Tensor, k: Tensor, v: Tensor", "None");
    }

    /**
     * softmax(q·kᵀ/√D + mask)·v.
     *
     * @param q [B,A,T,D]; k and v alike
     * @param mask [B,1,1,T], or null where nothing is padded
     */
    NDArray apply(NDManager scope, NDArray q, NDArray k, NDArray v, NDArray mask) {
        NDList inputs = mask == null ? new NDList(q, k, v) : new NDList(q, k, v, mask);
        NDArray output =
                IValueUtils.forward(mask == null ? plain : masked, inputs, true).singletonOrThrow();
        output.attach(scope);
        return output;
    }

    private static PtSymbolBlock module(PtNDManager manager, String parameters, String mask) {
        String code =
                """
                class Attention(Module):
                  __parameters__ = []
                  __buffers__ = []
                  training : bool
                  def forward(self: __torch__.Attention, %s) -> Tensor:
                    return torch.scaled_dot_product_attention(q, k, v, %s)
                """
                        .formatted(parameters, mask);
        try {
            return JniUtils.loadModule(manager, new ByteArrayInputStream(archive(code)), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] archive(String code) throws IOException {
        // An object of the class with training = False, in pickle's protocol 2.
        String pickledModule =
                "\u0080\u0002c__torch__\nAttention\nq\0)\u0081}(X\u0008\0\0\0trainingq\u0001\u0089ubq\u0002.";
        // An empty tuple.
        String pickledConstants = "\u0080\u0002).";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            put(zip, "data.pkl", pickledModule.getBytes(ISO_8859_1));
            put(zip, "code/__torch__.py", code.getBytes(UTF_8));
            put(zip, "constants.pkl", pickledConstants.getBytes(ISO_8859_1));
            put(zip, "version", "3\n".getBytes(UTF_8));
        }
        return bytes.toByteArray();
    }

    /** Stored, not compressed, as libtorch's reader wants it. */
    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry("attention/" + name);
        CRC32 checksum = new CRC32();
        checksum.update(content);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}

package org.erat.torch;

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
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * One operation of libtorch that DJL's arrays have no method for. DJL can load TorchScript, so the operation becomes a
 * module of a single call, written here in the format that {@code torch.jit.save} has. Autograd goes through it.
 */
final class TorchScript {
    /** Version of libtorch's operators that the expressions are written for; the first one with both kinds of GELU is 9. */
    private static final int OPERATORS = 10;

    private final PtSymbolBlock module;

    /**
     * @param expression over the operands, in TorchScript
     * @param operands names of the tensors that it takes
     */
    TorchScript(NDManager manager, String expression, String... operands) {
        // The optimizer would take a fused operation apart to differentiate it.
        JniUtils.setGraphExecutorOptimize(false);
        String parameters =
                Arrays.stream(operands).map(name -> name + ": Tensor").collect(Collectors.joining(", "));
        String code =
                """
                class Operation(Module):
                  __parameters__ = []
                  __buffers__ = []
                  training : bool
                  def forward(self: __torch__.Operation, %s) -> Tensor:
                    return %s
                """
                        .formatted(parameters, expression);
        try {
            this.module =
                    JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(archive(code)), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The result, which ends with {@code scope}. */
    NDArray apply(NDManager scope, NDArray... operands) {
        NDArray result = IValueUtils.forward(module, new NDList(operands), true).singletonOrThrow();
        result.attach(scope);
        return result;
    }

    private static byte[] archive(String code) throws IOException {
        // An object of the class with training = False, in pickle's protocol 2.
        String object = "\u0080\u0002c__torch__\nOperation\nq\0)\u0081}(X\u0008\0\0\0trainingq\u0001\u0089ubq\u0002.";
        // An empty tuple.
        String constants = "\u0080\u0002).";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            put(zip, "data.pkl", object.getBytes(ISO_8859_1));
            put(zip, "code/__torch__.py", code.getBytes(UTF_8));
            put(zip, "constants.pkl", constants.getBytes(ISO_8859_1));
            put(zip, "version", (OPERATORS + "\n").getBytes(UTF_8));
        }
        return bytes.toByteArray();
    }

    /** Stored, not compressed, as libtorch's reader wants it. */
    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry("operation/" + name);
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

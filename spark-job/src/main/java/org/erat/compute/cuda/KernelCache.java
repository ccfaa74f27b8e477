package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Function;
import javax.annotation.Nullable;
import org.erat.data.Sha256;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiled kernels on the local disk, so that only the first process of a machine compiles: a file for each sources,
 * compiler and target, which appears whole or not at all. Where the folder cannot be used, each process compiles for
 * itself.
 */
final class KernelCache {
    private static final Logger LOG = LoggerFactory.getLogger(KernelCache.class);

    private static final Set<PosixFilePermission> WRITABLE_BY_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Path folder;

    /** @param folder created where it is missing; files in it run on the device, so nobody else may write there */
    KernelCache(Path folder) {
        this.folder = folder;
    }

    /** In the folder for temporary files that this JVM was given. */
    static KernelCache ofThisUser() {
        return new KernelCache(Path.of(System.getProperty("java.io.tmpdir"))
                .resolve("erat-cuda-kernels-" + System.getProperty("user.name")));
    }

    /** The kernels for a device, compiled if need be. */
    KernelCode get(int capability, String device) {
        Nvrtc compiler = new Nvrtc(device);
        return get(compiler.target(capability), compiler.version(), target -> {
            LOG.info("Compiling kernels for {}", device);
            return compiler.compile(target);
        });
    }

    KernelCode get(String target, String compiler, Function<String, KernelCode> compile) {
        Path file = folder.resolve(key(target, compiler) + "." + target);
        byte[] found = read(file);
        if (found != null) {
            return new KernelCode(target, found);
        }
        KernelCode code = compile.apply(target);
        write(file, code.image());
        return code;
    }

    private static String key(String target, String compiler) {
        StringBuilder all = new StringBuilder(compiler);
        Nvrtc.options(target).forEach(option -> all.append('\n').append(option));
        all.append('\n').append(KernelSources.program());
        KernelSources.HEADERS.forEach(name -> all.append(KernelSources.read(name)));
        KernelSources.ALL.forEach(name -> all.append(KernelSources.read(name)));
        return Sha256.of(all.toString().getBytes(UTF_8));
    }

    /** What a file holds; null where there is none that may be used. */
    @Nullable
    private byte[] read(Path file) {
        try {
            return isOurs() && Files.exists(file) ? Files.readAllBytes(file) : null;
        } catch (IOException e) {
            LOG.warn("Compiled kernels cannot be read, so they are compiled anew: {}", e.toString());
            return null;
        }
    }

    private void write(Path file, byte[] image) {
        try {
            try {
                Files.createDirectory(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException e) {
                LOG.debug("{} is there", folder);
            }
            if (!isOurs()) {
                LOG.warn("{} belongs to or may be written by others, so compiled kernels are not kept there", folder);
                return;
            }
            Path part = Files.createTempFile(folder, "part", null);
            Files.write(part, image);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | UnsupportedOperationException e) {
            LOG.warn("Compiled kernels cannot be kept in {}, so every process compiles them: {}", folder, e.toString());
        }
    }

    private boolean isOurs() throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        return Files.getOwner(folder).getName().equals(System.getProperty("user.name"))
                && Files.getPosixFilePermissions(folder).stream().noneMatch(WRITABLE_BY_OTHERS::contains);
    }
}

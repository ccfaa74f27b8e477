package org.erat.data.basemodel;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.erat.data.BadInputException;

/**
 * A jar or zip that is not trusted: names of entries are checked when it is opened, and no entry is read beyond the size
 * that the caller allows, whatever the archive says. Entries are never written to a place that they name themselves.
 */
final class Archive implements AutoCloseable {
    private static final int MAX_ENTRIES = 100_000;
    private static final int CHUNK_BYTES = 1 << 16;
    private static final byte[] MAGIC = {'P', 'K', 3, 4};

    private final String where;
    private final ZipFile zip;
    private final List<String> names;

    private Archive(String where, ZipFile zip, List<String> names) {
        this.where = where;
        this.zip = zip;
        this.names = names;
    }

    /**
     * Opens an archive.
     *
     * @param where what the user knows the file by, for messages
     * @throws BadInputException if it is not one, or names an entry that would lie outside of it
     */
    static Archive open(Path path, String where) {
        ZipFile zip;
        try {
            zip = new ZipFile(path.toFile());
        } catch (IOException e) {
            throw broken(where, e);
        }
        boolean usable = false;
        try {
            Archive archive = new Archive(where, zip, checkedNames(where, zip));
            usable = true;
            return archive;
        } finally {
            if (!usable) {
                closeQuietly(zip);
            }
        }
    }

    /** Whether a file begins like a zip or jar. */
    static boolean isArchive(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return isMagic(in);
        } catch (IOException e) {
            throw broken(file.toString(), e);
        }
    }

    private static boolean isMagic(InputStream in) throws IOException {
        return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
    }

    private static List<String> checkedNames(String where, ZipFile zip) {
        if (zip.size() > MAX_ENTRIES) {
            throw new BadInputException(where + ": has " + zip.size() + " entries, more than " + MAX_ENTRIES
                    + ". Use the archive of one model.");
        }
        List<String> names = new ArrayList<>();
        for (ZipEntry entry : Collections.list(zip.entries())) {
            String name = entry.getName();
            boolean outside = name.startsWith("/") || name.contains("\\") || name.contains(":");
            if (outside || List.of(name.split("/", -1)).contains("..")) {
                throw new BadInputException(where + ": entry '" + name
                        + "' points outside of the archive. Get the archive from a source that you trust.");
            }
            if (!entry.isDirectory()) {
                names.add(name);
            }
        }
        return List.copyOf(names);
    }

    /** What the user knows the archive by. */
    String where() {
        return where;
    }

    /** Names of all entries that are not directories. */
    List<String> names() {
        return names;
    }

    /** Names of the entries that end with {@code suffix} and of which the part before it is empty or ends with '/'. */
    List<String> namesOf(String suffix) {
        return names.stream()
                .filter(n -> n.equals(suffix) || n.endsWith("/" + suffix))
                .toList();
    }

    /** The size that the archive states for an entry; not to be trusted. */
    long statedSize(String name) {
        return entry(name).getSize();
    }

    /** Whether an entry is itself a zip or jar. */
    boolean isNestedArchive(String name) {
        try (InputStream in = zip.getInputStream(entry(name))) {
            return isMagic(in);
        } catch (IOException e) {
            throw broken(where, e);
        }
    }

    /**
     * Reads a small entry.
     *
     * @throws BadInputException if it is larger than {@code maxBytes} or damaged
     */
    byte[] read(String name, int maxBytes) {
        try (InputStream in = zip.getInputStream(entry(name))) {
            byte[] bytes = in.readNBytes(maxBytes);
            if (in.read() >= 0) {
                throw tooLarge(name, maxBytes);
            }
            return bytes;
        } catch (IOException e) {
            throw broken(where, e);
        }
    }

    /**
     * Copies an entry to a file that the caller names.
     *
     * @throws BadInputException if it is larger than {@code maxBytes} or damaged
     */
    void extract(String name, Path to, long maxBytes) {
        try (InputStream in = zip.getInputStream(entry(name));
                OutputStream out = Files.newOutputStream(to)) {
            byte[] chunk = new byte[CHUNK_BYTES];
            long total = 0;
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                total += n;
                if (total > maxBytes) {
                    throw tooLarge(name, maxBytes);
                }
                out.write(chunk, 0, n);
            }
        } catch (ZipException e) {
            throw broken(where, e);
        } catch (IOException e) {
            throw new BadInputException(
                    where + ": entry '" + name + "' cannot be unpacked to " + to + ": " + e
                            + ". Check the archive and the free space.",
                    e);
        }
    }

    private ZipEntry entry(String name) {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new BadInputException(where + ": entry '" + name + "' is missing. Get the archive again.");
        }
        return entry;
    }

    private BadInputException tooLarge(String name, long maxBytes) {
        return new BadInputException(
                where + ": entry '" + name + "' is larger than " + maxBytes + " bytes. Use the archive of one model.");
    }

    private static BadInputException broken(String where, IOException e) {
        return new BadInputException(where + ": is not a readable archive: " + e + ". Get the archive again.", e);
    }

    @Override
    public void close() {
        closeQuietly(zip);
    }

    private static void closeQuietly(ZipFile zip) {
        try {
            zip.close();
        } catch (IOException e) {
            // Closing an archive that was only read loses nothing.
        }
    }
}

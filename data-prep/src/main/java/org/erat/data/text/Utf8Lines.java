package org.erat.data.text;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.erat.data.BadInputException;

/**
 * Lines of a UTF-8 file, decoded strictly: bytes that are not UTF-8 are refused with their place instead of becoming
 * replacement characters. A byte order mark at the start is dropped.
 */
final class Utf8Lines implements Closeable {
    /** A longer line is no line of text but a binary file, or one that ends its lines otherwise. */
    static final int LONGEST_LINE = 16 << 20;

    /** Bytes that tell the encoding, and how the file begins. */
    private static final int LOOKED_AT = 1024;

    /** The first of them, where other scripts than Latin have brackets and names of columns. */
    private static final int SHORT = 10;

    private final PlainBytes in;
    private final String file;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    private final byte[] buffer = new byte[1 << 16];
    private int position;
    private int limit;
    private long lineNumber;
    private long lineStart;
    private long nextLineStart;
    private String head = "";

    Utf8Lines(PlainBytes in) {
        this.in = in;
        this.file = in.file();
    }

    /** The next line without its end ({@code \n} or {@code \r\n}), or null after the last. */
    String next() throws IOException {
        String line = nextWithEnd();
        if (line == null) {
            return null;
        }
        int end = line.length();
        if (end > 0 && line.charAt(end - 1) == '\n') {
            end--;
        }
        if (end > 0 && line.charAt(end - 1) == '\r') {
            end--;
        }
        return line.substring(0, end);
    }

    /** The file. */
    String file() {
        return file;
    }

    /** How the file begins, as far as that is UTF-8: some hundred characters. */
    String head() throws IOException {
        fill();
        return head;
    }

    /** The command line that sends the text of a FILE such as this one through {@code filter}, for messages. */
    String filtered(String filter) {
        return in.filtered(filter);
    }

    /** Number of the line last returned, from 1. */
    long lineNumber() {
        return lineNumber;
    }

    /** The lines as one stream of characters, for parsers whose rows may span lines. */
    Reader asReader() {
        return new LineReader();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private String nextWithEnd() throws IOException {
        byte[] bytes = nextBytes();
        if (bytes.length == 0) {
            return null;
        }
        lineNumber++;
        lineStart = nextLineStart;
        nextLineStart += bytes.length;
        String line = decoded(bytes);
        return lineNumber == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
    }

    /** The bytes up to and with the next {@code \n}, or up to the end of the file. */
    private byte[] nextBytes() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(256);
        while (fill()) {
            int from = position;
            while (position < limit && buffer[position] != '\n') {
                position++;
            }
            boolean ended = position < limit;
            if (ended) {
                position++;
            }
            line.write(buffer, from, position - from);
            if (ended) {
                break;
            }
            if (line.size() > LONGEST_LINE) {
                throw new BadInputException(String.format(
                        "%s, line %d: longer than %d MiB, so this is no text file with a row a line: check its format",
                        file, lineNumber + 1, LONGEST_LINE >> 20));
            }
        }
        return line.toByteArray();
    }

    private boolean fill() throws IOException {
        if (position < limit) {
            return true;
        }
        boolean first = limit == 0;
        position = 0;
        limit = in.readNBytes(buffer, 0, buffer.length);
        if (first && limit > 0) {
            byte[] start = Arrays.copyOf(buffer, Math.min(limit, LOOKED_AT));
            head = new String(start, StandardCharsets.UTF_8).replace("\uFEFF", "");
            wide(Arrays.copyOf(start, Math.min(start.length, SHORT)))
                    .or(() -> wide(start))
                    .ifPresent(encoding -> {
                        throw new BadInputException(
                                String.format("%s is %s text; %s", file, encoding, toUtf8(encoding)));
                    });
        }
        return limit > 0;
    }

    /**
     * The encoding of text with two or four bytes for most letters, by its mark or by where its zeros are; none of other
     * text. Of a letter of Latin scripts all bytes but one are zero.
     */
    private static Optional<String> wide(byte... head) {
        String marks = new String(head, 0, Math.min(head.length, 4), StandardCharsets.ISO_8859_1);
        if (marks.startsWith("\u00FF\u00FE\0\0")) {
            return Optional.of("UTF-32LE");
        }
        if (marks.startsWith("\0\0\u00FE\u00FF")) {
            return Optional.of("UTF-32BE");
        }
        if (marks.startsWith("\u00FF\u00FE")) {
            return Optional.of("UTF-16LE");
        }
        if (marks.startsWith("\u00FE\u00FF")) {
            return Optional.of("UTF-16BE");
        }
        int[] zeros = new int[4];
        for (int i = 0; i < head.length; i++) {
            zeros[i % 4] += head[i] == 0 ? 1 : 0;
        }
        int most = head.length / 4 * 3 / 4;
        boolean[] full = {zeros[0] > most, zeros[1] > most, zeros[2] > most, zeros[3] > most};
        if (!full[0] && full[1] && full[3]) {
            return Optional.of(full[2] ? "UTF-32LE" : "UTF-16LE");
        }
        if (full[0] && full[2] && !full[3]) {
            return Optional.of(full[1] ? "UTF-32BE" : "UTF-16BE");
        }
        return Optional.empty();
    }

    private String decoded(byte[] bytes) {
        ByteBuffer source = ByteBuffer.wrap(bytes);
        CharBuffer target = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.reset().decode(source, target, true);
        if (result.isError()) {
            throw new BadInputException(String.format(
                    "%s, line %d: byte 0x%02X at offset %,d of the %s is not UTF-8; %s",
                    file,
                    lineNumber,
                    bytes[source.position()],
                    lineStart + source.position(),
                    in.compressed() ? "decompressed file" : "file",
                    toUtf8("ISO-8859-1")));
        }
        return target.flip().toString();
    }

    private String toUtf8(String encoding) {
        return (in.compressed() ? "decompress it and save it" : "save it") + " as UTF-8, for example by "
                + in.filtered("iconv -f " + encoding + " -t UTF-8");
    }

    private final class LineReader extends Reader {
        private String line = "";
        private int at;

        @Override
        public int read(char[] destination, int offset, int length) throws IOException {
            if (line != null && at == line.length()) {
                line = nextWithEnd();
                at = 0;
            }
            if (line == null) {
                return -1;
            }
            int count = Math.min(length, line.length() - at);
            line.getChars(at, at + count, destination, offset);
            at += count;
            return count;
        }

        @Override
        public void close() throws IOException {
            Utf8Lines.this.close();
        }
    }
}

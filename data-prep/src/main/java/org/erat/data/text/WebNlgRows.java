package org.erat.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.erat.data.BadInputException;

/**
 * The triples of WebNLG's entries with their English texts, a row a text: of the 2017 challenge and of the releases after
 * it. The prompt is {@code subject : predicate : object | …} of the modified triples. Texts that are marked as bad, or are
 * in another language, are left out. Nothing outside the file is read.
 */
final class WebNlgRows implements TextRows {
    private final String file;
    private final InputStream bytes;
    private final XMLStreamReader xml;
    private final Deque<TextRow> ready = new ArrayDeque<>();
    private final List<String> triples = new ArrayList<>();
    private int line = 1;
    private int texts;
    private long skipped;

    /** @param bytes closed here */
    WebNlgRows(InputStream bytes, String file) {
        this.file = file;
        this.bytes = bytes;
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_COALESCING, true);
        try {
            this.xml = factory.createXMLStreamReader(bytes);
        } catch (XMLStreamException e) {
            throw notXml(e);
        }
    }

    @Override
    public TextRow read() throws IOException {
        try {
            while (ready.isEmpty() && xml.hasNext()) {
                int event = xml.next();
                line = xml.getLocation().getLineNumber();
                if (event == XMLStreamConstants.START_ELEMENT) {
                    start(xml.getLocalName());
                } else if (event == XMLStreamConstants.END_ELEMENT
                        && xml.getLocalName().equals("entry")
                        && texts == 0) {
                    throw new BadInputException(place() + ": the entry has no text (lex); delete it");
                }
            }
            return ready.poll();
        } catch (XMLStreamException e) {
            if (e.getNestedException() instanceof IOException broken) {
                throw broken;
            }
            throw notXml(e);
        }
    }

    private void start(String element) throws XMLStreamException {
        switch (element) {
            case "entry" -> {
                triples.clear();
                texts = 0;
            }
            case "mtriple" -> triples.add(triple(xml.getElementText()));
            case "lex" -> text();
            default -> {
                // The original triples, links and other parts of an entry.
            }
        }
    }

    private String triple(String text) {
        String[] parts = text.strip().split("\\s+\\|\\s+", -1);
        if (parts.length != 3) {
            throw new BadInputException(String.format(
                    "%s: a triple has %d parts, where subject | predicate | object are expected",
                    place(), parts.length));
        }
        return String.join(" : ", parts);
    }

    private void text() throws XMLStreamException {
        String language = xml.getAttributeValue(null, "lang");
        String comment = xml.getAttributeValue(null, "comment");
        boolean used = (language == null || language.isEmpty() || language.equals("en"))
                && (comment == null || comment.isEmpty() || comment.equals("good"));
        String text = lexText();
        texts++;
        if (triples.isEmpty()) {
            throw new BadInputException(place() + ": a text (lex) has no modified triples (mtriple) before it");
        }
        if (used) {
            ready.add(TextRow.of(String.join(" | ", triples), text.strip(), null));
        } else {
            skipped++;
        }
    }

    /** The text of a {@code lex}, which enriched releases have in an element {@code text} inside it. */
    private String lexText() throws XMLStreamException {
        StringBuilder own = new StringBuilder();
        String inner = null;
        int depth = 1;
        while (depth > 0) {
            switch (xml.next()) {
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> {
                    if (depth == 1) {
                        own.append(xml.getText());
                    }
                }
                case XMLStreamConstants.START_ELEMENT -> {
                    if (xml.getLocalName().equals("text")) {
                        inner = xml.getElementText();
                    } else {
                        depth++;
                    }
                }
                case XMLStreamConstants.END_ELEMENT -> depth--;
                case XMLStreamConstants.ENTITY_REFERENCE ->
                    throw new BadInputException(place() + ": the entity " + xml.getLocalName() + " is not known");
                default -> {
                    // Comments.
                }
            }
        }
        return inner == null ? own.toString() : inner;
    }

    @Override
    public String place() {
        return file + ", line " + line;
    }

    @Override
    public long skipped() {
        return skipped;
    }

    @Override
    public String skippedAs() {
        return "texts that are marked as bad or are not English";
    }

    @Override
    public void close() throws IOException {
        try {
            xml.close();
        } catch (XMLStreamException e) {
            throw new IOException(e);
        } finally {
            bytes.close();
        }
    }

    private BadInputException notXml(XMLStreamException e) {
        String reason =
                String.valueOf(e.getMessage()).lines().skip(1).findFirst().orElse(e.getMessage());
        return new BadInputException(
                String.format("%s is not the XML of WebNLG (%s): copy the file again", place(), reason), e);
    }
}

package org.erat.chart;

import java.io.StringWriter;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Writes SVG, and HTML that is also XML. Elements are always closed, and text and attributes are always escaped, so that no
 * name or text of a data set can become markup.
 */
public final class Markup {
    /** What XML cannot hold, escaped or not. */
    private static final Pattern NOT_XML =
            Pattern.compile("[^\\t\\n\\r\\x20-\\uD7FF\\uE000-\\uFFFD\\x{10000}-\\x{10FFFF}]");

    private final StringWriter text = new StringWriter();
    private final XMLStreamWriter xml;

    public Markup() {
        try {
            xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(text);
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /** The first line of an HTML page. */
    public void doctype() {
        try {
            xml.writeDTD("<!DOCTYPE html>");
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /**
     * Begins an element.
     *
     * @param attributes names and values in turn; numbers with a fraction get one decimal
     */
    public void open(String name, Object... attributes) {
        try {
            xml.writeCharacters("\n");
            xml.writeStartElement(name);
            write(attributes);
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /** Begins an {@code svg} element, which is a document of its own or part of a page. */
    public void openSvg(Object... attributes) {
        try {
            xml.writeCharacters("\n");
            xml.writeStartElement("svg");
            xml.writeDefaultNamespace("http://www.w3.org/2000/svg");
            write(attributes);
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /** Ends the element that was begun last. */
    public void close() {
        try {
            xml.writeEndElement();
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /** Adds text to the element that was begun last. */
    public void text(String content) {
        try {
            xml.writeCharacters(clean(content));
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /** An element that holds text alone. */
    public void element(String name, String content, Object... attributes) {
        open(name, attributes);
        text(content);
        close();
    }

    /** An element without content. Of HTML those only that never have any, such as {@code meta}. */
    public void empty(String name, Object... attributes) {
        try {
            xml.writeCharacters("\n");
            xml.writeEmptyElement(name);
            write(attributes);
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    private void write(Object... namesAndValues) throws XMLStreamException {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            Object value = namesAndValues[i + 1];
            xml.writeAttribute(
                    namesAndValues[i].toString(),
                    value instanceof Double number ? number(number) : clean(value.toString()));
        }
    }

    /** A coordinate as text. */
    static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String clean(String content) {
        return NOT_XML.matcher(content).replaceAll("\uFFFD");
    }

    private static IllegalStateException inMemory(XMLStreamException e) {
        return new IllegalStateException("Text is always written to memory", e);
    }

    /** All that was written, whose elements must all be closed. */
    @Override
    public String toString() {
        try {
            xml.flush();
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
        return text.toString().stripLeading() + "\n";
    }
}

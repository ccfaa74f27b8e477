package org.erat.chart;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MarkupTest {
    @Test
    void textAndAttributesAreEscapedAndWhatXmlCannotHoldIsReplaced() {
        Markup html = new Markup();
        html.open("td", "class", "a\"b<c&d");
        html.text("<script>&\u0000\u000b\ud800 ok");
        html.close();
        assertThat(html.toString())
                .isEqualTo("<td class=\"a&quot;b&lt;c&amp;d\">&lt;script&gt;&amp;\uFFFD\uFFFD\uFFFD ok</td>\n");
    }

    @Test
    void anElementWithoutTextIsNoEmptyTag() {
        Markup html = new Markup();
        html.element("td", "");
        assertThat(html.toString()).isEqualTo("<td></td>\n");
    }
}

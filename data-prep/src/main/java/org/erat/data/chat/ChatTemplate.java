package org.erat.data.chat;

import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.erat.data.BadInputException;

/**
 * The chat template of a model: it turns a conversation into the text that the model was trained on. Which parts of the
 * text are an assistant's turn is found by <code>{% generation %}</code> blocks, where the template has them. Else the
 * conversation is rendered up to each turn: the turn is what rendering it adds to its prompt, exactly, or an error.
 */
public final class ChatTemplate {
    private static final String ASSISTANT = "assistant";
    private static final String DATE_FUNCTION = "strftime_now";

    /** What Python's {@code strftime} and Java call the parts of a date. */
    private static final Map<Character, String> DATE_PARTS =
            Map.of('d', "dd", 'm', "MM", 'Y', "yyyy", 'y', "yy", 'b', "MMM", 'B', "MMMM", 'A', "EEEE", 'a', "EEE");

    private final String source;
    private final String where;
    private final Map<String, String> specialTokens;
    private final LocalDate date;
    private final JinjaParser.Template template;

    /**
     * @param source the template
     * @param where its file, for messages
     * @param specialTokens such as {@code bos_token} and {@code eos_token}, which templates name
     * @param date what a template gets that asks for the day
     * @throws BadInputException if the template cannot be read
     */
    public ChatTemplate(String source, String where, Map<String, String> specialTokens, LocalDate date) {
        this.source = source;
        this.where = where;
        this.specialTokens = Map.copyOf(specialTokens);
        this.date = date;
        try {
            this.template = JinjaParser.parse(source);
        } catch (JinjaException e) {
            throw new BadInputException(where + ": " + e.getMessage(), e);
        }
    }

    /** Whether the text depends on the day. */
    public boolean namesTheDay() {
        return source.contains(DATE_FUNCTION);
    }

    /** The template as it is written. */
    public String source() {
        return source;
    }

    /**
     * The text of a conversation.
     *
     * @param messages with {@code role} and {@code content}
     * @return the text in parts: at even places what is given, at odd places what an assistant says. The parts at even
     *     places may be empty.
     * @throws BadInputException if the template does not take the conversation, or what an assistant says cannot be told
     *     from the rest; names the template and the line in it
     */
    public List<String> parts(List<Map<String, Object>> messages) {
        try {
            return template.marksGeneration() ? ofBlocks(messages) : ofPrefixes(messages);
        } catch (JinjaException e) {
            throw new BadInputException(where + ": " + e.getMessage(), e);
        }
    }

    /**
     * The text that asks an assistant to answer a conversation.
     *
     * @throws BadInputException as {@link #parts}
     */
    public String prompt(List<Map<String, Object>> messages) {
        try {
            return render(messages, true).text();
        } catch (JinjaException e) {
            throw new BadInputException(where + ": " + e.getMessage(), e);
        }
    }

    private List<String> ofBlocks(List<Map<String, Object>> messages) {
        JinjaOutput out = render(messages, false);
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (JinjaOutput.Span span : out.spans()) {
            parts.add(out.text().substring(from, span.start()));
            parts.add(out.text().substring(span.start(), span.end()));
            from = span.end();
        }
        parts.add(out.text().substring(from));
        return parts;
    }

    private List<String> ofPrefixes(List<Map<String, Object>> messages) {
        String whole = render(messages, false).text();
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int turn = 0; turn < messages.size(); turn++) {
            if (!ASSISTANT.equals(messages.get(turn).get("role"))) {
                continue;
            }
            String before = render(messages.subList(0, turn), true).text();
            String after = render(messages.subList(0, turn + 1), false).text();
            if (before.length() < from || !after.startsWith(before) || !whole.startsWith(after)) {
                throw new JinjaException(String.format(
                        "what the assistant says in message %d cannot be told from the rest: the text up to it is not the"
                                + " beginning of the text of the whole conversation. Mark the turns in the template with"
                                + " {%% generation %%} and {%% endgeneration %%}",
                        turn + 1));
            }
            parts.add(whole.substring(from, before.length()));
            parts.add(whole.substring(before.length(), after.length()));
            from = after.length();
        }
        parts.add(whole.substring(from));
        return parts;
    }

    private JinjaOutput render(List<Map<String, Object>> messages, boolean prompt) {
        JinjaScope scope = new JinjaScope(null);
        specialTokens.forEach(scope::set);
        scope.set("messages", messages);
        scope.set("add_generation_prompt", prompt);
        scope.set("namespace", (JinjaValues.Function) arguments -> new JinjaValues.Namespace(arguments.names()));
        scope.set("dict", (JinjaValues.Function) JinjaValues.Arguments::names);
        scope.set("range", (JinjaValues.Function) ChatTemplate::range);
        scope.set("raise_exception", (JinjaValues.Function) arguments -> {
            throw new JinjaException("the template refuses the conversation: " + arguments.text(0, "message"));
        });
        scope.set(DATE_FUNCTION, (JinjaValues.Function) arguments -> formatted(arguments.text(0, "format")));
        return template.render(scope);
    }

    private static List<Object> range(JinjaValues.Arguments arguments) {
        boolean one = arguments.places().size() == 1;
        long from = one ? 0 : JinjaValues.integer(arguments.get(0, "start", 0L));
        long to = JinjaValues.integer(arguments.get(one ? 0 : 1, "stop", 0L));
        long step = JinjaValues.integer(arguments.get(2, "step", 1L));
        List<Object> numbers = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : step < 0 && i > to; i += step) {
            numbers.add(i);
        }
        return numbers;
    }

    private String formatted(String format) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                text.append(c);
                continue;
            }
            String part = ++i < format.length() ? DATE_PARTS.get(format.charAt(i)) : null;
            if (part == null) {
                throw new JinjaException("the date format " + format + " is not supported");
            }
            text.append(date.format(DateTimeFormatter.ofPattern(part, Locale.ROOT)));
        }
        return text.toString();
    }
}

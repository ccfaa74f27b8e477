package org.erat.generation;

import java.util.ArrayList;
import java.util.List;
import org.erat.data.BadInputException;
import org.erat.data.text.TextTokenizer;

/** A model that completes texts, in one task. Confined to one thread. */
public final class TextGenerator implements AutoCloseable {
    private final GeneratingModel model;
    private final Generator generator;
    private final TextTokenizer.Opened tokenizer;

    /**
     * Loads a model.
     *
     * @throws BadInputException if another model lies there, or it has no output layer
     */
    public TextGenerator(TextModel text, GenerationSettings settings) {
        model = text.model();
        tokenizer = text.tokenizer().open();
        boolean opened = false;
        try {
            generator = new Generator(model, settings);
            opened = true;
        } finally {
            if (!opened) {
                tokenizer.close();
            }
        }
    }

    /**
     * The prompts of texts, numbered in their order.
     *
     * @param place where they come from, for messages
     * @throws BadInputException if one leaves no room for a completion
     */
    public List<Prompt> prompts(List<String> texts, String place) {
        List<int[]> tokens = tokenizer.prompts(texts);
        List<Prompt> prompts = new ArrayList<>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            prompts.add(requireRoom(new Prompt(i, place, texts.get(i), tokens.get(i)), model));
        }
        return prompts;
    }

    /**
     * Completes prompts together.
     *
     * @param prompts each shorter than the model's context
     */
    public List<GeneratedText> complete(List<Prompt> prompts) {
        List<Completion> completions = generator.complete(prompts);
        List<GeneratedText> texts = new ArrayList<>(prompts.size());
        for (int i = 0; i < prompts.size(); i++) {
            Prompt prompt = prompts.get(i);
            Completion completion = completions.get(i);
            texts.add(new GeneratedText(
                    prompt.id(),
                    prompt.text(),
                    tokenizer.completion(prompt.text(), prompt.tokens(), completion.tokens()),
                    completion.tokens().length,
                    completion.ended()));
        }
        return texts;
    }

    /**
     * The same prompt.
     *
     * @throws BadInputException if it leaves no room for a completion
     */
    static Prompt requireRoom(Prompt prompt, GeneratingModel model) {
        int length = prompt.tokens().length;
        if (length == 0) {
            throw new BadInputException(prompt.place() + ": the prompt has no token. Write a text to continue.");
        }
        if (length >= model.context()) {
            throw new BadInputException(prompt.place() + ": the prompt has " + length
                    + " tokens, but prompt and completion" + " together have at most " + model.context() + " with "
                    + model.uri() + ". Shorten the prompt.");
        }
        return prompt;
    }

    @Override
    public void close() {
        try (tokenizer) {
            generator.close();
        }
    }
}

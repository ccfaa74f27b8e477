package org.erat.evaluation;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Named entities in sequences of tags, as {@code get_entities} of seqeval 1.2.2 finds them, which is the rule of
 * {@code conlleval}, the script of CoNLL-2000. A tag is {@code O}, or a position (B, I, E or S), a hyphen and a type. An
 * entity begins at B or S, at any tag of another type than the one before, and at an I or E after {@code O}, E or S.
 */
final class Entities {
    private static final Tag OUTSIDE = Tag.of("O");

    private Entities() {}

    /** The words [first, last] of one entity of an example. */
    private record Entity(int example, String type, int first, int last) {}

    /** Its first letter, and what follows the hyphen, or the letter where there is none. */
    private record Tag(char position, String type) {
        static Tag of(String name) {
            return new Tag(name.charAt(0), name.substring(1 + Math.max(0, name.indexOf('-'))));
        }

        boolean isOutside() {
            return position == 'O';
        }

        /** Whether an entity that this tag is part of ends here, the next tag being {@code next}. */
        boolean endsBefore(Tag next) {
            return switch (position) {
                case 'O' -> false;
                case 'E', 'S' -> true;
                case 'B', 'I' -> next.isOutside() || next.isFirst() || !type.equals(next.type);
                default -> !type.equals(next.type);
            };
        }

        /** Whether an entity begins here, the tag before being {@code before}. */
        boolean beginsAfter(Tag before) {
            return isFirst() || (!isOutside() && (before.isOutside() || before.endsBefore(this)));
        }

        /** Whether an entity begins here, whatever comes before. */
        private boolean isFirst() {
            return position == 'B' || position == 'S';
        }
    }

    /** F1 over exact matches of type and words, over all examples; 0 where there is nothing to find and nothing found. */
    static double f1(Predicted.Classes predicted) {
        Set<Entity> right = of(predicted, predicted.labels());
        Set<Entity> found = of(predicted, predicted.predictions());
        Set<Entity> both = new HashSet<>(right);
        both.retainAll(found);
        int either = right.size() + found.size();
        return either == 0 ? 0 : 2.0 * both.size() / either;
    }

    private static Set<Entity> of(Predicted.Classes predicted, int[] classes) {
        List<Tag> byClass = predicted.names().stream().map(Tag::of).toList();
        Set<Entity> entities = new HashSet<>();
        for (int example = 0; example + 1 < predicted.starts().length; example++) {
            List<Tag> tags = IntStream.range(
                            predicted.starts()[example], predicted.starts()[example + 1])
                    .mapToObj(word -> byClass.get(classes[word]))
                    .toList();
            add(entities, example, tags);
        }
        return entities;
    }

    private static void add(Set<Entity> entities, int example, List<Tag> tags) {
        Tag before = OUTSIDE;
        int first = 0;
        for (int word = 0; word <= tags.size(); word++) {
            Tag tag = word == tags.size() ? OUTSIDE : tags.get(word);
            if (before.endsBefore(tag)) {
                entities.add(new Entity(example, before.type(), first, word - 1));
            }
            if (tag.beginsAfter(before)) {
                first = word;
            }
            before = tag;
        }
    }
}

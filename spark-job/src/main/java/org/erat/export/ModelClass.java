package org.erat.export;

import javax.annotation.Nullable;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.TaskHead;
import org.erat.data.tokenized.TaskType;

/** The classes of the transformers library that adapters are exported for. */
enum ModelClass {
    /** The bare model: its head is one that no class has. */
    MODEL("Model", "FEATURE_EXTRACTION"),
    SEQUENCE_CLASSIFIER("ModelForSequenceClassification", "SEQ_CLS"),
    TOKEN_CLASSIFIER("ModelForTokenClassification", "TOKEN_CLS"),
    CAUSAL_LANGUAGE_MODEL("ModelForCausalLM", "CAUSAL_LM"),
    /** PEFT has no type for it. */
    MASKED_LANGUAGE_MODEL("ModelForMaskedLM", null);

    private final String name;

    @Nullable
    private final String taskType;

    ModelClass(String name, @Nullable String taskType) {
        this.name = name;
        this.taskType = taskType;
    }

    /** The class of a task on a model, by a head. */
    static ModelClass of(TaskType type, TaskHead head, Architecture architecture) {
        Family family = Families.of(architecture);
        return switch (type) {
            case CLASSIFICATION, MULTI_LABEL_CLASSIFICATION, REGRESSION ->
                head.equals(family.sequenceClassifier(architecture)) ? SEQUENCE_CLASSIFIER : MODEL;
            case TOKEN_CLASSIFICATION -> TOKEN_CLASSIFIER;
            case LANGUAGE_MODELING ->
                family.languageModelHead().isPresent() ? CAUSAL_LANGUAGE_MODEL : MASKED_LANGUAGE_MODEL;
        };
    }

    /** Its name in Python, for whatever family. */
    String className() {
        return "Auto" + name;
    }

    /** What {@code config.json} calls the class of a family. */
    String architecture(String familyPrefix) {
        return familyPrefix + name.replaceFirst("^ModelFor", "For");
    }

    /** Whether it has a head with parameters of its own, which an adapter brings. */
    boolean takesHead() {
        return this == SEQUENCE_CLASSIFIER || this == TOKEN_CLASSIFIER;
    }

    /** PEFT's {@code task_type}; null for none. */
    @Nullable
    String taskType() {
        return taskType;
    }
}

package org.erat.export;

import javax.annotation.Nullable;
import org.erat.data.architecture.Family;
import org.erat.data.tokenized.TaskType;

/** The classes of the transformers library that adapters are exported for. */
enum ModelClass {
    /** The bare model: heads of whole texts are ours. */
    MODEL("AutoModel", "FEATURE_EXTRACTION"),
    TOKEN_CLASSIFIER("AutoModelForTokenClassification", "TOKEN_CLS"),
    CAUSAL_LANGUAGE_MODEL("AutoModelForCausalLM", "CAUSAL_LM"),
    /** PEFT has no type for it. */
    MASKED_LANGUAGE_MODEL("AutoModelForMaskedLM", null);

    private final String className;

    @Nullable
    private final String taskType;

    ModelClass(String className, @Nullable String taskType) {
        this.className = className;
        this.taskType = taskType;
    }

    /** The class of a task on a family of models. */
    static ModelClass of(TaskType type, Family family) {
        return switch (type) {
            case CLASSIFICATION, MULTI_LABEL_CLASSIFICATION, REGRESSION -> MODEL;
            case TOKEN_CLASSIFICATION -> TOKEN_CLASSIFIER;
            case LANGUAGE_MODELING ->
                family.languageModelHead().isPresent() ? CAUSAL_LANGUAGE_MODEL : MASKED_LANGUAGE_MODEL;
        };
    }

    /** Its name in Python. */
    String className() {
        return className;
    }

    /** PEFT's {@code task_type}; null for none. */
    @Nullable
    String taskType() {
        return taskType;
    }
}

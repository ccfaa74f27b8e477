package org.erat.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import javax.annotation.Nullable;

/** {@code adapter_config.json}: the keys of PEFT's {@code LoraConfig}; those that are left out have its defaults. */
final class PeftConfig {
    private static final ObjectMapper JSON = new ObjectMapper();

    private PeftConfig() {}

    static byte[] of(TrainedAdapter adapter, PeftAdapter peft) throws JsonProcessingException {
        ObjectNode config = JSON.createObjectNode();
        config.put("peft_type", "LORA");
        config.put("task_type", taskType(adapter));
        config.put("base_model_name_or_path", adapter.base().plainName());
        config.putNull("revision");
        config.put("inference_mode", true);
        config.put("r", peft.rank());
        putNumber(config, "lora_alpha", peft.alpha());
        config.put("lora_dropout", adapter.adapter().dropout());
        putNames(config, "target_modules", peft.targetModules());
        ObjectNode ranks = config.putObject("rank_pattern");
        peft.rankPattern().forEach(ranks::put);
        ObjectNode alphas = config.putObject("alpha_pattern");
        peft.alphaPattern().forEach((pattern, alpha) -> putNumber(alphas, pattern, alpha));
        config.put("bias", "none");
        config.put("fan_in_fan_out", false);
        config.put("init_lora_weights", true);
        config.put("use_rslora", false);
        config.put("use_dora", false);
        putNames(config, "modules_to_save", peft.modulesToSave());
        config.putNull("layers_to_transform");
        config.putNull("layers_pattern");
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
    }

    /** Null where PEFT has no type, as for masked language models. Heads of whole texts are ours, so these are bare models. */
    @Nullable
    private static String taskType(TrainedAdapter adapter) {
        if (adapter.predictsMaskedTokens()) {
            return null;
        }
        return switch (adapter.type()) {
            case CLASSIFICATION, REGRESSION -> "FEATURE_EXTRACTION";
            case TOKEN_CLASSIFICATION -> "TOKEN_CLS";
            case LANGUAGE_MODELING -> "CAUSAL_LM";
        };
    }

    private static void putNames(ObjectNode into, String key, List<String> names) {
        if (names.isEmpty()) {
            into.putNull(key);
        } else {
            ArrayNode array = into.putArray(key);
            names.forEach(array::add);
        }
    }

    /** PEFT declares α a whole number and takes any. */
    static void putNumber(ObjectNode into, String key, double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e9) {
            into.put(key, (int) value);
        } else {
            into.put(key, value);
        }
    }
}

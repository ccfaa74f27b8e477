package org.erat.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Target;
import org.erat.config.HeadSettings;
import org.erat.config.JobConfig;
import org.erat.config.ScheduleConfig;
import org.erat.data.basemodel.ModelConfig;
import org.erat.model.BaseModel;
import org.erat.schedule.RankSchedule;

/**
 * All that defines an encoder layer: where its frozen weights are, which projections carry adapters, and the schedule of
 * their windows. It travels inside the graph's configuration as JSON text, so that any process can rebuild the layer.
 *
 * @param modelUri base-model directory, a Hadoop path
 * @param modelSha256 SHA-256 of its weights, in hexadecimal
 * @param model the architecture
 * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code nd4j}
 * @param precision {@code f32}, {@code tf32} or {@code bf16}, of frozen weights and activations
 * @param weights {@code packed} or {@code plain}, how frozen weights lie in memory
 * @param activations {@code kept} or {@code recomputed}, what training keeps of a forward pass
 * @param threads threads of one task
 * @param targets projections with adapters
 * @param schedule rank ranges and windows
 * @param totalSteps T, local steps of the whole run
 * @param seed seed of windows, dropout and initial values
 * @param dropout share of dropped elements of an adapter's input
 * @param freezeA whether A keeps its initial values
 * @param pooling how token vectors become one vector
 */
public record EncoderSpec(
        String modelUri,
        String modelSha256,
        ModelConfig model,
        String device,
        String precision,
        String weights,
        String activations,
        int threads,
        Set<Target> targets,
        ScheduleConfig schedule,
        long totalSteps,
        long seed,
        double dropout,
        boolean freezeA,
        HeadSettings.Pooling pooling) {

    // Sorted keys: equal specs have equal text, which identifies a layer.
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

    public EncoderSpec {
        targets = new TreeSet<>(targets);
    }

    /**
     * The spec of a run.
     *
     * @param totalSteps T
     */
    public static EncoderSpec of(JobConfig job, BaseModel model, long totalSteps) {
        Set<Target> targets = EnumSet.noneOf(Target.class);
        job.adapter().targets().forEach(key -> targets.add(Target.of(key)));
        return new EncoderSpec(
                model.uri(),
                model.weightsSha256(),
                model.config(),
                job.compute().device().name().toLowerCase(Locale.ROOT),
                job.compute().precision().name().toLowerCase(Locale.ROOT),
                job.compute().weights().name().toLowerCase(Locale.ROOT),
                job.compute().activations().name().toLowerCase(Locale.ROOT),
                job.compute().threads(),
                targets,
                job.schedule(),
                totalSteps,
                job.seed(),
                job.adapter().dropout(),
                job.adapter().freezeA(),
                job.head().pooling());
    }

    /** Where the matrices lie in the flat parameter vector. */
    public AdapterLayout layout() {
        return new AdapterLayout(model, schedule.rank(), targets);
    }

    /** The windows of a run. */
    public RankSchedule rankSchedule() {
        return new RankSchedule(schedule, model.numHiddenLayers(), totalSteps, seed);
    }

    /** This spec as JSON text. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An encoder spec is not writable as JSON", e);
        }
    }

    /** The spec that {@link #toJson} wrote. */
    public static EncoderSpec fromJson(String text) {
        try {
            return JSON.readValue(text, EncoderSpec.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Not the specification of an encoder layer: " + text, e);
        }
    }
}

package org.erat.ml;

import org.erat.data.text.FrameTokenizer;
import org.erat.model.BaseModel;

/** How the texts of a stage are tokenized, in training and in use alike. */
final class TextRequest {
    private TextRequest() {}

    static FrameTokenizer.Request of(AdapterStage<?> stage, ExampleColumns columns, BaseModel base) {
        return new FrameTokenizer.Request(
                base.uri(),
                base.architecture().vocabulary(),
                columns.type(),
                columns.classes(),
                columns.pair() != null,
                Math.min(stage.getMaxLength(), base.maxLength()));
    }
}

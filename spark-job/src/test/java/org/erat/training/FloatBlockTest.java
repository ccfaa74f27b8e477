package org.erat.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.junit.jupiter.api.Test;
import scala.reflect.ClassTag$;

class FloatBlockTest {
    @Test
    void everyBitArrivesThroughTheSerializerOfTheJob() {
        float[] values = {0f, -0f, Float.MIN_VALUE, -3.5f, Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.NaN, 0.1f};
        SharedValues sent = new SharedValues(values, new float[0]);
        SerializerInstance kryo = new KryoSerializer(
                        new SparkConf(false).set("spark.kryo.registrator", "org.erat.data.RecordRegistrator"))
                .newInstance();

        ByteBuffer bytes = kryo.serialize(sent, ClassTag$.MODULE$.apply(SharedValues.class));
        SharedValues arrived = kryo.deserialize(bytes, ClassTag$.MODULE$.apply(SharedValues.class));

        assertThat(arrived.optimizer()).isEmpty();
        assertThat(arrived.parameters()).hasSameSizeAs(values);
        for (int i = 0; i < values.length; i++) {
            assertThat(Float.floatToRawIntBits(arrived.parameters()[i])).isEqualTo(Float.floatToRawIntBits(values[i]));
        }
    }
}

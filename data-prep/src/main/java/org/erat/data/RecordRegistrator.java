package org.erat.data;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.serializers.JavaSerializer;
import org.apache.spark.serializer.KryoRegistrator;

/**
 * Lets Spark's Kryo carry records: its own field serializer cannot set their fields, which are final and hidden, so they
 * travel by Java serialization. One of the {@code spark.kryo.registrator} classes of every job.
 */
public final class RecordRegistrator implements KryoRegistrator {
    @Override
    public void registerClasses(Kryo kryo) {
        kryo.addDefaultSerializer(Record.class, JavaSerializer.class);
    }
}

package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Loader;

/**
 * A created primitive with its argument list: an execution sets addresses and makes one native call. Confined to one
 * thread at a time, like the kernels that own it.
 */
final class Primitive {
    private final String name;
    private final dnnl_primitive primitive = new dnnl_primitive();
    private final HostBlock argumentMemory;
    private final dnnl_exec_arg_t arguments;
    private final dnnl_memory[] memories;
    private final long[] addresses;
    private final long scratchBytes;
    private final Address address = new Address();

    /** One operand: its argument number in oneDNN and its descriptor. */
    private record Operand(int argument, dnnl_memory_desc descriptor) {}

    /** Collects what a primitive needs; {@link #build} takes the descriptors over and destroys them. */
    static final class Builder {
        private final String name;
        private final List<Operand> operands = new ArrayList<>();

        /** @param name primitive and shape, for errors */
        Builder(String name) {
            this.name = name;
        }

        Builder operand(int argument, dnnl_memory_desc descriptor) {
            operands.add(new Operand(argument, descriptor));
            return this;
        }

        /** @param description of the primitive, destroyed here; its status was {@code status} */
        Primitive build(dnnl_primitive_desc description, int status) {
            OneDnn.check(status, "describe " + name);
            Primitive result = new Primitive(name, description, operands);
            dnnl_primitive_desc_destroy(description);
            operands.forEach(operand -> dnnl_memory_desc_destroy(operand.descriptor()));
            return result;
        }
    }

    private Primitive(String name, dnnl_primitive_desc description, List<Operand> operands) {
        this.name = name;
        OneDnn.check(dnnl_primitive_create(primitive, description), "create " + name);
        dnnl_memory_desc scratch = OneDnn.layout(description, dnnl_query_scratchpad_md);
        scratchBytes = dnnl_memory_desc_get_size(scratch);
        List<Operand> all = new ArrayList<>(operands);
        if (scratchBytes > 0) {
            all.add(new Operand(DNNL_ARG_SCRATCHPAD, scratch));
        }
        memories = new dnnl_memory[all.size()];
        addresses = new long[all.size()];
        // Not a managed array: JavaCPP would refuse to register it once the process is several times as large as the
        // Java heap, which it is by the size of the weights.
        argumentMemory = HostBlock.allocate((long) all.size() * Loader.sizeof(dnnl_exec_arg_t.class));
        arguments = new dnnl_exec_arg_t(address.at(argumentMemory.address()));
        for (int i = 0; i < memories.length; i++) {
            memories[i] = new dnnl_memory();
            OneDnn.check(
                    dnnl_memory_create(memories[i], all.get(i).descriptor(), OneDnn.ENGINE, address.at(0)),
                    "create memory of " + name);
            arguments.position(i).arg(all.get(i).argument()).memory(memories[i]);
        }
        arguments.position(0);
    }

    /** Scratch memory that an execution needs. */
    long scratchBytes() {
        return scratchBytes;
    }

    /**
     * Executes on the calling thread.
     *
     * @param operands addresses in the order of the builder's operands
     */
    void run(dnnl_stream stream, long scratch, long... operands) {
        if (operands.length != (scratchBytes > 0 ? memories.length - 1 : memories.length)) {
            throw new IllegalArgumentException(name + ": " + operands.length + " operands");
        }
        for (int i = 0; i < operands.length; i++) {
            place(i, operands[i]);
        }
        if (scratchBytes > 0) {
            place(operands.length, scratch);
        }
        OneDnn.check(dnnl_primitive_execute(primitive, stream, memories.length, arguments), "execute " + name);
    }

    private void place(int operand, long at) {
        if (addresses[operand] != at) {
            OneDnn.check(dnnl_memory_set_data_handle(memories[operand], address.at(at)), "place an operand of " + name);
            addresses[operand] = at;
        }
    }

    void destroy() {
        for (dnnl_memory memory : memories) {
            dnnl_memory_destroy(memory);
        }
        dnnl_primitive_destroy(primitive);
        argumentMemory.free();
    }
}

package org.erat.data.chat;

import java.util.HashMap;
import java.util.Map;

/** The variables of a template, or of one turn of a loop, which sees those around it and sets its own. */
final class JinjaScope {
    private final JinjaScope outer;
    private final Map<String, Object> variables = new HashMap<>();

    JinjaScope(JinjaScope outer) {
        this.outer = outer;
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    /** The value of a variable, or {@link JinjaValues#UNDEFINED}. */
    Object get(String name) {
        for (JinjaScope scope = this; scope != null; scope = scope.outer) {
            if (scope.variables.containsKey(name)) {
                return scope.variables.get(name);
            }
        }
        return JinjaValues.UNDEFINED;
    }
}

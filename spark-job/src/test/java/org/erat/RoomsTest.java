package org.erat;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.erat.config.JobConfig;
import org.erat.data.EratException;
import org.erat.training.ShardResult;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rooms of the job depend on one another downwards only, and data preparation on none of them. */
class RoomsTest {
    /** From the top. */
    private static final List<String> ROOMS = List.of(
            "cli",
            "ml",
            "experiment",
            "job",
            "tracking",
            "report",
            "dl4j",
            "training",
            "evaluation",
            "generation",
            "inference",
            "export",
            "checkpoint",
            "monitoring",
            "learner",
            "prefix",
            "head",
            "method",
            "model",
            "adapter",
            "compute",
            "config",
            "chart",
            "textmetric",
            "data");

    private static JavaClasses project;

    @BeforeAll
    static void readClasses() {
        // Only arrows inside the project matter: the hundreds of jars need not be looked into.
        ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
        project = new ClassFileImporter()
                .importLocations(Stream.of(JobConfig.class, EratException.class)
                        .map(type -> Location.of(
                                type.getProtectionDomain().getCodeSource().getLocation()))
                        .toList());
    }

    @Test
    void arrowsGoDownTheListOnly() {
        for (int i = 1; i < ROOMS.size(); i++) {
            noClasses()
                    .that()
                    .resideInAPackage(inside(ROOMS.get(i)))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            ROOMS.subList(0, i).stream().map(RoomsTest::inside).toArray(String[]::new))
                    .check(project);
        }
    }

    @Test
    void nothingUsesTheEstimators() {
        noClasses()
                .that()
                .resideOutsideOfPackage(inside("ml"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(inside("ml"))
                .check(project);
    }

    @Test
    void roundsDoNotKnowHowTheyAreAveragedAndAveragesDoNotKnowRounds() {
        noClasses()
                .that()
                .resideInAPackage("org.erat.training.average")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.erat.training.round")
                .check(project);
        noClasses()
                .that()
                .resideInAPackage("org.erat.training")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.erat.training.round", "org.erat.training.average")
                .check(project);
    }

    /** But for the result of a shard, whose type dl4j-spark names. */
    @Test
    void oneRoomUsesDeeplearning4j() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.erat.dl4j")
                .and()
                .doNotHaveFullyQualifiedName(ShardResult.class.getName())
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.deeplearning4j..")
                .check(project);
    }

    /**
     * Beside Deeplearning4j's room: the reference kernels, and products in double precision. The protocol buffers that
     * ND4J carries, which importers read, are none of its arrays.
     */
    @Test
    void fewRoomsUseNd4j() {
        noClasses()
                .that()
                .resideOutsideOfPackages("org.erat.dl4j", "org.erat.compute.nd4j", "org.erat.training.average")
                .should()
                .dependOnClassesThat(resideInAPackage("org.nd4j..").and(not(resideInAPackage("org.nd4j.shade.."))))
                .check(project);
    }

    /** Java deserialization runs what a file says; Spark's own, between its processes, is not in these classes. */
    @Test
    void nothingIsReadByJavaDeserialization() {
        for (String reader : List.of(
                "java.io.ObjectInputStream",
                "org.apache.commons.lang3.SerializationUtils",
                "org.deeplearning4j.util.ModelSerializer")) {
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .haveFullyQualifiedName(reader)
                    .check(project);
        }
    }

    @Test
    void everyClassLivesInARoom() {
        TreeSet<String> found = new TreeSet<>();
        for (JavaClass type : project) {
            found.add(type.getPackageName().replaceFirst("^org\\.erat\\.?", "").replaceFirst("\\..*", ""));
        }
        assertThat(ROOMS).containsAll(found);
        assertThat(found).containsExactlyInAnyOrderElementsOf(ROOMS);
    }

    private static String inside(String room) {
        return "org.erat." + room + "..";
    }
}

package detect

import (
	"path"
	"regexp"
	"slices"
)

// byJava is an archive that can be run: by itself, or from a build.
func byJava(f *folder) (Result, bool) {
	const quarkus = "quarkus-app/quarkus-run.jar"
	gradle := f.first("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
	if jar := f.first("target/"+quarkus, "build/"+quarkus, quarkus); jar != "" {
		return java("Java, Quarkus", jar, "-Dquarkus.http.host=127.0.0.1", "-Dquarkus.http.port=$PORT"), true
	}
	for _, dir := range []string{".", "target", "build/libs"} {
		jars := slices.DeleteFunc(f.names(dir, ".jar"), func(name string) bool { return notRun.MatchString(path.Base(name)) })
		if len(jars) == 1 {
			return java("Java", jars[0], "-Dserver.address=127.0.0.1", "-Dserver.port=$PORT"), true
		}
	}
	switch {
	case f.isFile("pom.xml"):
		return missing("Java", "pom.xml", "there is a pom.xml", toBuild(f.either("./mvnw", "mvn")+" package"))
	case gradle != "":
		return missing("Java", gradle, "there is a "+gradle, toBuild(f.either("./gradlew", "gradle")+" build"))
	}
	return Result{}, false
}

// either is the wrapper that a project brings along, or the program of the host.
func (f *folder) either(own, program string) string {
	if f.has(path.Clean(own)) {
		return own
	}
	return program
}

// notRun are archives that lie beside the one that is run.
var notRun = regexp.MustCompile(`(-sources|-javadoc|-plain|-tests|-original|^original-.*|gradle-wrapper)\.jar$`)

func java(name, jar string, options ...string) Result {
	r := application(name, jar, "there is "+jar, append(append([]string{"java"}, options...), "-jar", jar)...).compiling()
	r.Manifest.Limits.Memory = 1 << 30 // a quarter of it is the heap
	return r
}

package org.example.notes;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** What is kept in one file. */
final class Notes {
    private final Gson gson = new Gson();
    private final Path file;
    private final List<String> list = new ArrayList<>();

    Notes(Path file) throws IOException {
        this.file = file;
        if (Files.exists(file)) {
            list.addAll(List.of(gson.fromJson(Files.readString(file), String[].class)));
        }
    }

    synchronized List<String> all() {
        return List.copyOf(list);
    }

    synchronized void add(String text) throws IOException {
        list.add(text);
        Path fresh = file.resolveSibling("notes.new");
        Files.writeString(fresh, gson.toJson(list));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }
}

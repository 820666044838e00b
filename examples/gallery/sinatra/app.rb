require "json"
require "sinatra"

FILE = File.join(ENV.fetch("STATE_DIRECTORY", "."), "notes.txt")

def notes = File.exist?(FILE) ? File.readlines(FILE, chomp: true) : []

get("/") { "<h1>#{notes.size} notes</h1><p>#{request.base_url}" }

get("/api/notes") { json_of notes }

post "/api/notes" do
  text = JSON.parse(request.body.read).fetch("text").tr("\n", " ")
  File.write(FILE, "#{text}\n", mode: "a")
  status 201
  json_of notes
end

def json_of(value)
  content_type :json
  JSON.generate(value)
end

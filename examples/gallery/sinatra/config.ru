require "sinatra"

get("/") { "sinatra #{request.scheme}" }

run Sinatra::Application

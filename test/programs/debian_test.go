package programs_test

// debian are the packages that the machines have for the programs.
var debian = []string{
	"caddy",
	"default-jre-headless",
	"elixir",
	"git",
	"gunicorn",
	"libmojolicious-perl",
	"nginx",
	"nodejs",
	"php-cli",
	"php-fpm",
	"puma",
	"python3-django",
	"python3-flask",
	"python3-websockets",
	"ruby-sinatra",
	"uvicorn",
}

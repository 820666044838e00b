package programs_test

// debian are the packages that the machines have for the programs.
var debian = []string{
	"caddy",
	"default-jre-headless",
	"dokuwiki",
	"elixir",
	"git",
	"gunicorn",
	"libmojolicious-perl",
	"nginx",
	"nodejs",
	"php-cgi",
	"php-cli",
	"php-fpm",
	"prometheus",
	"puma",
	"python3-django",
	"python3-fastapi",
	"python3-flask",
	"python3-websockets",
	"radicale",
	"rclone",
	"ruby-sinatra",
	"tomcat10-examples",
	"uvicorn",
}

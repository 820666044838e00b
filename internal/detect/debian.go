package detect

// Debian has the packages of the programs that are started.
var Debian = map[string]string{
	"node": "nodejs", "npm": "npm", "python3": "python3", "gunicorn": "gunicorn", "uvicorn": "uvicorn", "flask": "python3-flask",
	"ruby": "ruby", "bundle": "bundler", "puma": "puma", "rackup": "ruby-rack",
	"php": "php-cli", "java": "default-jre-headless",
}

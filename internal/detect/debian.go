package detect

// Debian has the packages of the programs that are started, and of those that build.
var Debian = map[string]string{
	"node": "nodejs", "npm": "npm", "python3": "python3", "gunicorn": "gunicorn", "uvicorn": "uvicorn", "flask": "python3-flask",
	"ruby": "ruby", "bundle": "bundler", "puma": "puma", "rackup": "ruby-rack",
	"php": "php-cli", "java": "default-jre-headless",
	"go": "golang-go", "cargo": "cargo", "rustc": "rustc", "mvn": "maven", "gradle": "gradle", "javac": "default-jdk-headless",
	"composer": "composer", "poetry": "python3-poetry", "pipenv": "pipenv", ensurePip: "python3-venv",
}

require_relative "boot"

require "logger"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"
require "action_view/railtie"

Bundler.require(*Rails.groups)

module Notes
  class Application < Rails::Application
    config.load_defaults 6.1
    config.hosts << ENV["NEXUSHUB_HOST"] if ENV["NEXUSHUB_HOST"]
  end
end

Rails.application.routes.draw do
  root "notes#index"
  resources :notes, only: :create
  get "/api/notes", to: "notes#list"
end

class NotesController < ApplicationController
  def index
    @notes = Note.order(:id)
  end

  def create
    Note.create!(text: params.require(:text))
    redirect_to root_url
  end

  def list
    render json: Note.order(:id)
  end
end

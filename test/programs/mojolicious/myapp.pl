use Mojolicious::Lite;
get '/' => sub { my $c = shift; $c->render(text => $c->req->url->to_abs) };
websocket '/ws' => sub { shift->on(message => sub { $_[0]->send($_[1]) }) };
app->start;

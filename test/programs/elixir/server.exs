port = String.to_integer(System.fetch_env!("PORT"))
{:ok, listener} = :gen_tcp.listen(port, [:binary, packet: :http_bin, active: false, reuseaddr: true, ip: {127, 0, 0, 1}])

serve = fn serve ->
  {:ok, socket} = :gen_tcp.accept(listener)
  {:ok, {:http_request, _, _, _}} = :gen_tcp.recv(socket, 0)
  page = "schedulers=#{System.schedulers_online()} home=#{System.user_home!()}"
  :gen_tcp.send(socket, "HTTP/1.1 200 OK\r\nContent-Length: #{byte_size(page)}\r\nConnection: close\r\n\r\n#{page}")
  :gen_tcp.close(socket)
  serve.(serve)
end

serve.(serve)

<?php
echo 'fpm ', $_SERVER['REQUEST_METHOD'], ' got=', strlen(file_get_contents('php://input'));

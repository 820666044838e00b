<?php
ini_set('session.save_path', sys_get_temp_dir());
session_start();
$_SESSION['seen'] = ($_SESSION['seen'] ?? 0) + 1;
$words = preg_match_all('/(\w+)\s(\w+)/u', str_repeat('to be or ', 100), $found);
echo "seen={$_SESSION['seen']} words=$words got=", strlen(file_get_contents('php://input'));

<?php
// Decides what PHP's own server answers (php -S ADDRESS -t FOLDER router.php), as the
// configuration of a web server does: files are served and scripts run, except what begins
// with a dot, what belongs to the project and not to its pages, and folders whose .htaccess
// denies them. What is not there goes to index.php, by which most applications route.
$nexushub = (function () {
    $root = $_SERVER['DOCUMENT_ROOT'];
    $path = preg_replace('#/+#', '/', rawurldecode(explode('?', $_SERVER['REQUEST_URI'], 2)[0]));
    $deny = preg_match('#/\.(?!well-known(/|$))|^/(nexushub\.toml|Procfile|(composer|package)[a-z-]*\.(json|lock))$#i', $path)
        || preg_match('#\.(sqlite3?|db|ini|sql|log|bak|swp)$|~$|^/vendor/.*\.php$|\x00|\\\\#i', $path);
    for ($dir = $path; !$deny && strlen($dir) > 1;) {
        $dir = dirname($dir);
        $rules = $root . rtrim($dir, '/') . '/.htaccess';
        if (is_file($rules)) {
            $all = preg_replace('#<(Files|Limit).*?</\1[^>]*>#is', '', file_get_contents($rules));
            $deny = preg_match('/^\s*(deny\s+from\s+all|require\s+all\s+denied)\s*$/im', $all);
        }
    }
    if ($deny) {
        http_response_code(404);
        return true;
    }
    $file = rtrim($root . $path, '/');
    $script = preg_match('#^(.+?\.php)/#', $path, $m) && is_file($root . $m[1]);
    if ($script || is_file($file) || is_file("$file/index.php") || is_file("$file/index.html") || !is_file("$root/index.php")) {
        return false;
    }
    $_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
    return $_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
})();
if (is_bool($nexushub)) {
    return $nexushub;
}
require $nexushub;

package detect

import (
	"path"
	"slices"
	"strings"
)

// generators are tools that make a site of files, and where.
var generators = []string{"vite", "react-scripts", "@angular/cli", "@angular/build", "@vue/cli-service", "parcel",
	"astro", "gatsby", "@11ty/eleventy", "next", "nuxt", "vitepress", "@docusaurus/core", "webpack",
	"@sveltejs/adapter-static", "@rsbuild/core", "esbuild", "rollup", "hexo", "vuepress"}

// pagesIn are the folders in which a build leaves a site, in order.
var pagesIn = []string{"dist", "build", "out", "_site", ".output/public", "public"}

// byGenerator is a site that the build of package.json makes.
func byGenerator(f *folder) (Result, bool) {
	p, ok := f.packageJSON()
	if !ok || p.Scripts["build"] == "" && !p.needs(generators...) {
		return Result{}, false
	}
	folders := slices.DeleteFunc(slices.Clone(f.pages), func(dir string) bool { return dir == "." }) // Vite's source
	for _, dir := range f.folders("dist") {                                                          // Angular's
		folders = append(folders, dir+"/browser", dir)
	}
	if p.needs("react-scripts") { // its public is a source, too
		folders = slices.DeleteFunc(folders, func(s string) bool { return s == "public" })
	}
	for _, dir := range folders {
		if f.isFile(dir + "/index.html") {
			return site(f, dir, "there is "+dir+"/index.html, made by the build of "+packageFile), true
		}
	}
	return missing("site of files", packageFile, packageFile+" has a build", p.build(f, "the site that it makes"))
}

// bySite is a site of files.
func bySite(f *folder) (Result, bool) {
	for _, dir := range f.pages {
		if f.isFile(path.Join(dir, "index.html")) {
			return site(f, dir, "there is "+path.Join(dir, "index.html")), true
		}
	}
	return Result{}, false
}

// site serves a folder. One whose only page is index.html, beside scripts, draws all its pages itself.
func site(f *folder, dir, why string) Result {
	r := application("site of files", path.Join(dir, "index.html"), why)
	r.Manifest.Health.Type, r.Manifest.Sandbox.Internet = "", false
	r.Manifest.Static.Folder = dir
	r.Manifest.Static.SPAFallback = dir != "." && dir != "public" && len(f.names(dir, ".html")) == 1 &&
		strings.Contains(f.read(dir+"/index.html"), `type="module"`) && len(f.pagesBelow(dir)) == 0
	return r
}

// pagesBelow are folders that are pages themselves.
func (f *folder) pagesBelow(dir string) []string {
	return slices.DeleteFunc(f.folders(dir), func(sub string) bool { return !f.isFile(sub + "/index.html") })
}

using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Web;

/// <summary>Pages of images: why one is kept, what refers to it, its packages, and the comparison of two.</summary>
public sealed class ImagePageTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Script = "<script>alert(1)</script>";

    private readonly Visitor _visitor = new(fixture.Client);
    private readonly string _name = $"image/{Guid.NewGuid():N}";

    [Fact]
    public async Task An_image_tells_why_it_is_kept_and_what_it_is_part_of()
    {
        var image = await fixture.Client.PushAsync(_name, TestImage.Create(), "v1");
        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{image.Digest}"));
        Assert.Contains("<dd>Held by its tags.</dd>", page.Text, StringComparison.Ordinal);
        Assert.Contains($"""<a class="kind" href="/repositories/{_name}/-/tags/v1">v1</a>""", page.Text, StringComparison.Ordinal);
        Assert.Contains($"""<a href="/repositories/{_name}/-/delete?digest={image.Digest}">Delete…</a>""", page.Text, StringComparison.Ordinal);

        var index = await fixture.Client.PushAsync(_name, TestImage.Index([image]));
        page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{image.Digest}"));
        Assert.Contains("<dd>Held by its tags, what it is part of.</dd>", page.Text, StringComparison.Ordinal);
        Assert.Contains($"/-/manifests/{index.Digest}\"", page.Text, StringComparison.Ordinal);
        Assert.Contains("it stays until it is deleted", (await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{index.Digest}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_tells_when_it_was_pushed_and_leads_to_its_blobs_which_tell_why_they_are_kept()
    {
        var image = await fixture.Client.PushAsync(_name, TestImage.Create(), "v1");
        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/tags/v1")).Text;
        Assert.Matches("<dt>Pushed</dt><dd><time[^;]*; tag set <time", page);
        var blob = $"/repositories/{_name}/-/blobs/{image.Blobs[^1].Digest}";
        Assert.Contains($"href=\"{blob}\"", page, StringComparison.Ordinal);

        page = Check.Status(200, await _visitor.OpenAsync(blob)).Text;
        Assert.Contains("Manifests of this repository need it.", page, StringComparison.Ordinal);
        Assert.Contains($"/repositories/{_name}/-/manifests/{image.Digest}", page, StringComparison.Ordinal);
        Assert.Contains("""<span class="kind">v1</span>""", page, StringComparison.Ordinal);

        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/{_name}/manifests/{image.Digest}"));
        page = Check.Status(200, await _visitor.OpenAsync(blob)).Text;
        Assert.Contains("Only deleted manifests need it.", page, StringComparison.Ordinal);
        Check.Status(404, await _visitor.OpenAsync($"/repositories/{_name}/-/blobs/sha256:{new string('0', 64)}"));
        Check.Status(400, await _visitor.OpenAsync($"/repositories/{_name}/-/blobs/latest"));
    }

    [Fact]
    public async Task Referrers_are_a_tree_of_two_levels()
    {
        var image = await fixture.Client.PushAsync(_name, TestImage.Create(), "v1");
        var bill = await fixture.Client.PushAsync(_name, TestImage.Artifact("application/vnd.example.sbom", image));
        var signature = await fixture.Client.PushAsync(_name, TestImage.Artifact("application/vnd.example.signature", bill));
        var third = await fixture.Client.PushAsync(_name, TestImage.Artifact("application/vnd.example.third", signature));

        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/tags/v1")).Text;
        Assert.Contains("<h2>Referrers</h2>", page, StringComparison.Ordinal);
        Assert.Matches($"(?s)/-/manifests/{bill.Digest}.*application/vnd.example.sbom.*<ul><li>.*/-/manifests/{signature.Digest}.*application/vnd.example.signature", page);
        Assert.DoesNotContain(third.Digest, page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/spdx+json", """{"spdxVersion":"SPDX-2.3","packages":[{"name":"openssl","versionInfo":"3.0.2","licenseConcluded":"NOASSERTION","licenseDeclared":"Apache-2.0"},{"name":"zlib"}]}""")]
    [InlineData("application/vnd.cyclonedx+json", """{"bomFormat":"CycloneDX","components":[{"name":"openssl","version":"3.0.2","licenses":[{"license":{"id":"Apache-2.0"}}]},{"name":"zlib"}]}""")]
    [InlineData("application/vnd.in-toto+json", """{"predicateType":"https://spdx.dev/Document","predicate":{"spdxVersion":"SPDX-2.3","packages":[{"name":"openssl","versionInfo":"3.0.2","licenseDeclared":"Apache-2.0"},{"name":"zlib"}]}}""")]
    public async Task The_packages_of_a_bill_of_materials_are_searched(string type, string text)
    {
        var digest = await PushFileAsync(type, TestBlob.OfText(text));

        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{digest}")).Text;
        Assert.Contains("""<th scope="row" class="name"><bdi>openssl</bdi></th><td class="name"><bdi>3.0.2</bdi></td><td class="name"><bdi>Apache-2.0</bdi></td>""", page, StringComparison.Ordinal);
        Assert.Contains("<bdi>zlib</bdi>", page, StringComparison.Ordinal);
        var found = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{digest}?package=SSL")).Text;
        Assert.Contains("<bdi>openssl</bdi>", found, StringComparison.Ordinal);
        Assert.DoesNotContain("<bdi>zlib</bdi>", found, StringComparison.Ordinal);
        Assert.Contains("No package has this in its name", (await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{digest}?package=none")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_bill_of_materials_is_text_and_bounded()
    {
        var packages = new JsonArray(
            new JsonObject { ["name"] = Script, ["versionInfo"] = "\u202Egnp", ["licenseDeclared"] = new string('L', 100_000) }, "x", null, new JsonArray(), new JsonObject { ["name"] = 7 }, new JsonObject { ["name"] = "" });
        for (var i = 0; i < 21_000; i++)
        {
            packages.Add(new JsonObject { ["name"] = $"package-{i}" });
        }

        var digest = await PushFileAsync("application/spdx+json", TestBlob.OfText(new JsonObject { ["spdxVersion"] = "SPDX-2.3", ["packages"] = packages }.ToJsonString()));
        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{digest}"));

        Assert.DoesNotContain("<script>alert", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202E', page.Text);
        Assert.Contains("+ packages, as the SPDX document says", page.Text, StringComparison.Ordinal);
        Assert.InRange(page.Body.Length, 1, 60 * 1024);
        foreach (var odd in new[] { "not JSON", "[]", "{}", """{"spdxVersion":"SPDX-2.3"}""", """{"spdxVersion":"SPDX-2.3","packages":{"a":1}}""", """{"bomFormat":"CycloneDX","components":[{"name":"a","licenses":{"license":5}},{"name":"b","licenses":[5,{"license":6}]}]}""", """{"predicate":5}""" })
        {
            Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{await PushFileAsync("application/spdx+json", TestBlob.OfText(odd))}"));
        }
    }

    [Fact]
    public async Task Two_images_are_compared_by_layers_and_config()
    {
        var (shared, old, added) = (TestBlob.Random(1000), TestBlob.Random(2000), TestBlob.Random(5000));
        var first = await PushImageAsync("v1", """{"os":"linux","architecture":"amd64","config":{"Env":["A=1","B=2"],"User":"root","Labels":{"same":"x","gone":"y"}}}""", shared, old);
        var second = await PushImageAsync("v2", """{"os":"linux","architecture":"amd64","config":{"Env":["A=3","B=2"],"User":"app","Labels":{"same":"x","new":"<script>alert(1)</script>"}}}""", shared, added);

        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/compare?from=v1&to={second}")).Text;
        Assert.Matches($"(?s)>both<.*{shared.Digest}.*>first<.*{old.Digest}.*>second<.*{added.Digest}", page);
        Assert.Contains("<dt>Only in the first</dt><dd><span class=\"nowrap\" title=\"2000 bytes\">", page, StringComparison.Ordinal);
        Assert.Contains("the second is larger by <span class=\"nowrap\" title=\"3000 bytes\">", page, StringComparison.Ordinal);
        Assert.Contains("""<bdi>Environment A</bdi></th><td class="name"><bdi>1</bdi></td><td class="name"><bdi>3</bdi></td>""", page, StringComparison.Ordinal);
        Assert.Contains("""<bdi>User</bdi></th><td class="name"><bdi>root</bdi></td><td class="name"><bdi>app</bdi></td>""", page, StringComparison.Ordinal);
        Assert.Contains("""<bdi>gone</bdi></th><td class="name"><bdi>y</bdi></td><td class="name"><bdi></bdi></td>""", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Environment B", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<bdi>same</bdi>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.Contains("Both are the same manifest", (await _visitor.OpenAsync($"/repositories/{_name}/-/compare?from=v1&to={first}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_leads_to_the_comparison_with_the_manifest_before()
    {
        var first = await fixture.Client.PushAsync(_name, TestImage.Create(), "v1");
        var second = await fixture.Client.PushAsync(_name, TestImage.Create(), "v1");

        var path = $"/repositories/{_name}/-/compare?from={first.Digest}&to={second.Digest}";
        Assert.Contains(path.Replace("&", "&amp;", StringComparison.Ordinal), (await _visitor.OpenAsync($"/repositories/{_name}/-/history/v1")).Text.Replace("%3A", ":", StringComparison.Ordinal), StringComparison.Ordinal);
        Check.Status(200, await _visitor.OpenAsync(path));
    }

    [Fact]
    public async Task Indexes_are_compared_by_platform()
    {
        var (one, other) = (await fixture.Client.PushAsync(_name, TestImage.Create()), await fixture.Client.PushAsync(_name, TestImage.Create()));
        await fixture.Client.PushAsync(_name, TestImage.Index([one]), "v1");
        await fixture.Client.PushAsync(_name, TestImage.Index([other]), "v2");

        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/compare?from=v1&to=v2")).Text.Replace("%3A", ":", StringComparison.Ordinal);
        Assert.Contains($"/-/compare?from={one.Digest}&amp;to={other.Digest}\">Compare</a>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_image_of_each_platform_is_found_under_the_tag_of_the_index()
    {
        var (arm, intel) = (TestImage.Create(), TestImage.Create());
        var platforms = new[] { "linux/arm64", "linux/amd64", "linux/amd64", "unknown/unknown", "linux/$(reboot)" }.Select(name => name.Split('/'));
        var index = TestImage.Index([arm, intel, TestImage.Create(), TestImage.Create(), TestImage.Create()], json =>
        {
            foreach (var (child, platform) in json["manifests"]!.AsArray().Zip(platforms))
            {
                child!["platform"] = new JsonObject { ["os"] = platform[0], ["architecture"] = platform[1] };
            }
        });
        await fixture.Client.PushAsync(_name, index, "v1");
        var path = $"/repositories/{_name}/-/tags/v1";

        var page = Check.Status(200, await _visitor.OpenAsync(path)).Text;
        Assert.Contains($"<a href=\"{path}\" aria-current=\"page\">All platforms</a>", page, StringComparison.Ordinal);
        Assert.Equal(3, page[..page.IndexOf("<h2>", StringComparison.Ordinal)].Split($"<a href=\"{path}").Length - 1);

        page = Check.Status(200, await _visitor.OpenAsync($"{path}?platform=linux%2Famd64")).Text;
        Assert.Contains("<h1><bdi>v1</bdi></h1>", page, StringComparison.Ordinal);
        Assert.Contains($"<a href=\"{path}?platform=linux%2Famd64\" aria-current=\"page\">linux/amd64</a>", page, StringComparison.Ordinal);
        Assert.Contains($"<dt>Digest</dt><dd><code data-copy=\"the digest\">{intel.Digest}</code>", page, StringComparison.Ordinal);
        Assert.Matches($">docker pull --platform linux/amd64 [^ ]+/{_name}:v1<", page);
        Assert.Matches($">docker pull [^ ]+/{_name}@{intel.Digest}<", page);

        page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{index.Digest}?platform=linux/arm64")).Text;
        Assert.Matches($">docker pull --platform linux/arm64 [^ ]+/{_name}@{index.Digest}<", page);
        Assert.Contains("it has: linux/arm64, linux/amd64", Check.Status(404, await _visitor.OpenAsync($"{path}?platform=linux%2F$(reboot)")).Text, StringComparison.Ordinal);
        Check.Status(404, await _visitor.OpenAsync($"/repositories/{_name}/-/manifests/{intel.Digest}?platform=linux/amd64"));
        Check.Status(400, await _visitor.OpenAsync($"{path}?platform=a&platform=b"));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("?from=v1", 400)]
    [InlineData("?from=v1&to=none", 404)]
    [InlineData("?from=v1&to=-x", 404)]
    [InlineData("?from=v1&to=sha256:00", 400)]
    [InlineData("?from=v1&from=v1&to=v1", 400)]
    public async Task A_comparison_needs_two_images(string query, int status)
    {
        await fixture.Client.PushAsync(_name, TestImage.Create(), "v1");
        Check.Status(status, await _visitor.OpenAsync($"/repositories/{_name}/-/compare{query}"));
    }

    // What a manifest claims to refer to need not be there.
    [Fact]
    public async Task Sizes_that_no_number_holds_leave_the_page()
    {
        var image = TestImage.Create(json => json["layers"] = new JsonArray([.. Enumerable.Range(0, 3).Select(i => new JsonObject
        {
            ["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            ["digest"] = TestBlob.OfText($"foreign {i}").Digest,
            ["size"] = long.MaxValue,
        })]));
        foreach (var blob in image.Blobs)
        {
            await fixture.Client.PushBlobAsync(_name, blob);
        }

        Check.Status(201, await fixture.Client.PutManifestAsync(_name, "v1", image));
        await fixture.Client.PushAsync(_name, TestImage.Create(), "v2");
        Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/tags/v1"));
        Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}/-/compare?from=v1&to=v2"));
        Check.Status(200, await _visitor.OpenAsync($"/repositories/{_name}"));
    }

    private async Task<string> PushFileAsync(string type, TestBlob file)
    {
        await fixture.Client.PushBlobAsync(_name, file);
        return await PushJsonAsync(json =>
        {
            json["artifactType"] = type;
            json["layers"] = new JsonArray(TestImage.Descriptor(file, type));
        });
    }

    private async Task<string> PushImageAsync(string tag, string text, params TestBlob[] layers)
    {
        var config = TestBlob.OfText(text);
        foreach (var blob in layers.Prepend(config))
        {
            await fixture.Client.PushBlobAsync(_name, blob);
        }

        return await PushJsonAsync(
            json =>
            {
                json["config"] = TestImage.Descriptor(config, TestImage.ConfigType);
                json["layers"] = new JsonArray([.. layers.Select(layer => TestImage.Descriptor(layer, "application/vnd.oci.image.layer.v1.tar+gzip"))]);
            },
            tag);
    }

    private async Task<string> PushJsonAsync(Action<JsonObject> change, string? tag = null)
    {
        var image = TestImage.Create(change);
        foreach (var blob in image.Blobs)
        {
            await fixture.Client.PushBlobAsync(_name, blob);
        }

        Check.Status(201, await fixture.Client.PutManifestAsync(_name, tag ?? image.Digest, image));
        return image.Digest;
    }
}

using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Trash;

/// <summary>A secret that was pushed is nowhere in the data folder after its purge: neither in files, nor in the database and its log.</summary>
public sealed class SecretPurgeTests
{
    [Fact]
    public async Task After_a_purge_the_data_folder_does_not_have_the_bytes()
    {
        using var folder = new TemporaryFolder();
        var secret = $"secret-{Guid.NewGuid():N}";
        await using (var registry = await RegistryProcess.StartAsync(folder.Path))
        {
            using var client = new HttpClient { BaseAddress = registry.BaseAddress };

            // One in a row of a page, one in a row of many pages, and one in a file; and the manifest itself.
            var image = TestImage.Of([Layer(secret, 200), Layer(secret, 30_000), Layer(secret, 3_000_000)]);
            var note = TestImage.Create(json => json["annotations"] = new JsonObject { ["org.example.note"] = secret });
            await client.PushAsync("team/app", TestImage.Create(), "before");
            await client.PushAsync("team/app", image, "latest");
            await client.PushAsync("team/app", note, "note");
            await client.PushAsync("team/app", TestImage.Create(), "after");

            // Small content leaves the database for its files a second after its push.
            await Eventually.HoldsAsync(() => Task.FromResult(Find(folder.Path, secret).Count(path => path.EndsWith("data", StringComparison.Ordinal)) == 4), "all is in files");
            Assert.Contains(Find(folder.Path, secret), path => Path.GetFileName(path).StartsWith("registry.db", StringComparison.Ordinal));
            foreach (var digest in new[] { image.Digest, note.Digest })
            {
                Check.Status(202, await client.RequestAsync("DELETE", $"/v2/team/app/manifests/{digest}"));
                var purged = Check.Status(200, await client.RequestAsync(
                    "POST", $"/api/v1/trash/purge?repository=team/app&digest={digest}", [], ("Content-Type", "application/json")));
                Assert.Equal(0, purged.Json.GetProperty("left").GetArrayLength());
            }

            Assert.Empty(Find(folder.Path, secret));
            Check.Status(200, await client.GetAnswerAsync("/v2/team/app/manifests/before"));
            Check.Status(200, await client.GetAnswerAsync("/v2/team/app/manifests/after"));
            Assert.Equal(0, await registry.StopAsync());
        }

        Assert.Empty(Find(folder.Path, secret));
    }

    [Fact]
    public async Task Purges_at_once_leave_nothing_either()
    {
        using var folder = new TemporaryFolder();
        var secret = $"secret-{Guid.NewGuid():N}";
        await using var registry = await RegistryProcess.StartAsync(folder.Path);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var images = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            var image = await client.PushAsync($"team/{i}", TestImage.Of([Layer($"{secret}{i}", 20_000)]), "latest");
            Check.Status(202, await client.RequestAsync("DELETE", $"/v2/team/{i}/manifests/{image.Digest}"));
            return image;
        }));
        Assert.NotEmpty(Find(folder.Path, secret));

        var purged = await Task.WhenAll(images.Select((image, i) => client.RequestAsync(
            "POST", $"/api/v1/trash/purge?repository=team/{i}&digest={image.Digest}", [], ("Content-Type", "application/json"))));

        Assert.All(purged, answer => Assert.Equal(0, Check.Status(200, answer).Json.GetProperty("left").GetArrayLength()));
        Assert.Empty(Find(folder.Path, secret));
    }

    private static TestBlob Layer(string secret, int size) => TestBlob.OfText(string.Concat(Enumerable.Repeat($"{secret}\n", 1 + (size / secret.Length))));

    // A process of its own: this one would take the locks of SQLite away when it closes the files. The lock of the folder is the only file that cannot be read.
    private static List<string> Find(string folder, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path) is not ("registry.lock" or "registry.sock") && Has(path, bytes))];
    }

    // The registry removes files meanwhile.
    private static bool Has(string path, byte[] text)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content.AsSpan().IndexOf(text) >= 0;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }
}

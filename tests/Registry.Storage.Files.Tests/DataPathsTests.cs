using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Storage.Files.Tests;

/// <summary>Freezes the paths on disk, which other registries and older versions of this one read.</summary>
public class DataPathsTests
{
    private const string Config = "{}";
    private const string Layer = "hello";

    private const string First =
        """
        {"schemaVersion":2,"config":{"mediaType":"a/config","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"a/layer","digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","size":5}]}
        """;

    private const string Second =
        """
        {"schemaVersion":2,"config":{"mediaType":"a/config","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}}
        """;

    private static readonly RepositoryName App = Samples.Repository("team/app");

    [Fact]
    public async Task The_tree_is_byte_for_byte_that_of_CNCF_distribution()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(App, Config);
        await storage.PushBlobAsync(App, Layer);
        await storage.PutAsync(App, Samples.Text(First), "latest");
        await storage.PutAsync(App, Samples.Text(First), "v1");
        await storage.PutAsync(App, Samples.Text(Second), "latest");
        await storage.Storage.Metadata.MountBlobAsync(App, Samples.Repository("other"), Samples.Digest(Config));
        await storage.CloseAsync();

        string[] expected =
        [
            "blobs/sha256/2c/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824/data = " + Layer,
            "blobs/sha256/44/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/data = " + Config,
            "blobs/sha256/4d/4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e/data = " + First,
            "blobs/sha256/d2/d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51/data = " + Second,
            "repositories/other/_layers/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/link = sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "repositories/team/app/_layers/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824/link = sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "repositories/team/app/_layers/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/link = sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "repositories/team/app/_manifests/revisions/sha256/4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e/link = sha256:4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e",
            "repositories/team/app/_manifests/revisions/sha256/d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51/link = sha256:d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51",
            "repositories/team/app/_manifests/tags/latest/current/link = sha256:d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51",
            "repositories/team/app/_manifests/tags/latest/index/sha256/4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e/link = sha256:4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e",
            "repositories/team/app/_manifests/tags/latest/index/sha256/d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51/link = sha256:d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51",
            "repositories/team/app/_manifests/tags/v1/current/link = sha256:4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e",
            "repositories/team/app/_manifests/tags/v1/index/sha256/4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e/link = sha256:4da2ae57b2922a122a7c54edfe9c4f152b5ea78e77947af31f281a81dbd88d8e",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), FolderContent.List(storage.Path).Where(line => line.StartsWith("blobs/", StringComparison.Ordinal) || line.StartsWith("repositories/", StringComparison.Ordinal)));
        Assert.Equal(
            ["ballast", "blobs", "registry.db", "registry.lock", "removal.lock", "repositories", "uploads"],
            Directory.EnumerateFileSystemEntries(storage.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_sha512_blob_has_a_tree_of_its_own()
    {
        await using var storage = await TestStorage.CreateAsync();
        var digest = DigestAlgorithm.Sha512.Compute(Samples.Text(Layer));
        Assert.Null((await storage.Uploads.PushAsync(App, digest, null, Samples.Body(Samples.Text(Layer)), default)).Error);
        await storage.CloseAsync();
        var hex = digest.Hex.ToString();
        Assert.Equal([$"sha512/{hex[..2]}/{hex}/data = hello"], FolderContent.List(Path.Combine(storage.Path, "blobs")));
        Assert.Equal([$"team/app/_layers/sha512/{hex}/link = sha512:{hex}"], FolderContent.List(Path.Combine(storage.Path, "repositories")));
    }

    [Fact]
    public async Task What_is_deleted_leaves_no_link()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(App, Config);
        await storage.PushBlobAsync(App, Layer);
        await storage.PutAsync(App, Samples.Text(First), "latest");
        await storage.PutAsync(App, Samples.Text(Second), "latest");
        await storage.DeleteAsync(App, Samples.Digest(First));
        Assert.Null((await storage.Blobs.DeleteAsync(App, Samples.Digest(Layer))).Error);
        await storage.ReopenAsync();
        Assert.Equal(
            [
                "team/app/_layers/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/link = sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                "team/app/_manifests/revisions/sha256/d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51/link = sha256:d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51",
                "team/app/_manifests/tags/latest/current/link = sha256:d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51",
                "team/app/_manifests/tags/latest/index/sha256/d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51/link = sha256:d2fbb13f7611fc6adb97143a474376cd1de9f3daa39ed520cd36e9f9da444c51",
            ],
            FolderContent.List(Path.Combine(storage.Path, "repositories")));

        await storage.DeleteAsync(App, Tag.Parse("latest"));
        await storage.DeleteAsync(App, Samples.Digest(Second));
        await storage.CloseAsync();
        Assert.Equal(["team/app/_layers/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/link = sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"], FolderContent.List(Path.Combine(storage.Path, "repositories")));
    }

    [Fact]
    public void Every_path_is_below_the_root_whatever_the_name()
    {
        var paths = new DataPaths("/data/../data");
        var digest = Samples.Digest(Layer);
        Assert.Equal("/data", paths.Root);
        Assert.Equal("/data/blobs/sha256/2c/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824/data", paths.BlobData(digest));
        Assert.Equal("/data/repositories/team/app/_layers/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", paths.Layer(App, digest));
        Assert.Equal("/data/repositories/team/app/_manifests/revisions/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", paths.Revision(App, digest));
        Assert.Equal("/data/repositories/team/app/_manifests/tags/v1/current", paths.TagCurrent(App, Tag.Parse("v1")));
        Assert.Equal("/data/repositories/team/app/_manifests/tags/v1/index/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", paths.TagIndex(App, Tag.Parse("v1"), digest));
        Assert.Equal("/data/uploads/00000000-0000-0000-0000-000000000000", paths.UploadData(Guid.Empty));
    }
}

using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>
/// Databases that older programs wrote, as <c>sqlite3 registry.db .dump</c> prints them. Each program got the same pushes and a deletion of a tag, and was
/// killed at once, so that the tree had nothing of it yet.
/// </summary>
public sealed class OldDatabaseTests : IDisposable
{
    private static readonly Digest First = Digest.Parse("sha256:ba49b19f5df8e3969e68377df3f21919b0b16f3d5b3fcb41e82557a30f292bc6");
    private static readonly Digest Second = Digest.Parse("sha256:cc25f84d493c42e97ddb1b709b6d6be581a35e44f721c1c63a88395b0af7c34c");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task A_database_of_an_older_program_keeps_its_content_and_the_tree_gets_all_of_it(int version)
    {
        await RestoreAsync(version);
        var app = Samples.Repository("team/app");

        await using (var storage = await TestStorage.CreateAsync(_folder.Path))
        {
            var metadata = storage.Storage.Metadata;
            Assert.Equal(Second, (await metadata.FindManifestAsync(app, Tag.Parse("latest")))?.Digest);
            Assert.NotNull(await metadata.FindManifestAsync(app, First));
            Assert.Equal(["latest"], (await metadata.ListTagsAsync(app, null, 10))!.Items);
            Assert.Equal(["group/other", "team/app"], (await metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
            var totals = await storage.Storage.ReadTotalsAsync();
            Assert.Equal((3, 2, 2, 1), (totals.Manifests, totals.Repositories, totals.Tags, totals.Untagged));
        }

        Assert.Equal(
            [
                $"group/other/_layers/sha256/{Blob("two")}", $"group/other/_manifests/revisions/sha256/{Second.Hex}/link = {Second}",
                $"group/other/_manifests/tags/1.0/current/link = {Second}", $"group/other/_manifests/tags/1.0/index/sha256/{Second.Hex}/link = {Second}",
                $"team/app/_layers/sha256/{Blob("two")}", $"team/app/_layers/sha256/{Blob("one")}",
                $"team/app/_manifests/revisions/sha256/{First.Hex}/link = {First}", $"team/app/_manifests/revisions/sha256/{Second.Hex}/link = {Second}",
                $"team/app/_manifests/tags/latest/current/link = {Second}", $"team/app/_manifests/tags/latest/index/sha256/{First.Hex}/link = {First}",
                $"team/app/_manifests/tags/latest/index/sha256/{Second.Hex}/link = {Second}",
            ],
            FolderContent.List(Path.Combine(_folder.Path, "repositories")));
        await using var again = await TestStorage.CreateAsync(_folder.Path);
        var changes = await again.Storage.Changes.ReadAsync(0, 100);
        Assert.Equal(
            [
                ChangeKind.ManifestAdded, ChangeKind.TagSet, ChangeKind.TagSet, ChangeKind.ManifestAdded, ChangeKind.TagSet, ChangeKind.ManifestAdded,
                ChangeKind.TagSet, ChangeKind.TagRemoved,
            ],
            changes.Select(change => change.Kind));
        Assert.All(changes, change => Assert.Equal(new ChangeOrigin { Source = ChangeSource.Unknown }, change.Origin));
    }

    // Two of callers without credentials, and one of alice with 8 bytes.
    [Fact]
    public async Task Uploads_in_progress_of_an_older_program_go_on_and_count()
    {
        await RestoreAsync(8);
        var (app, id) = (Samples.Repository("team/app"), Guid.Parse("bb92642c-553d-492f-a152-0766fa0d38f7"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "uploads"));
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "uploads", $"{id}"), "received");

        await using var storage = await TestStorage.CreateAsync(_folder.Path);

        var uploads = storage.Storage.Uploads;
        Assert.Equal(new (string?, long)[] { (null, 0), (null, 0), ("alice", 8) }, (await uploads.ListAsync()).Select(upload => (upload.Owner, upload.Length)).Order());
        Assert.Equal(["0  3", "1 alice 1", "2  2"], ReadCounts());
        var content = Samples.Text("received bytes");
        var completed = await storage.Uploads.CompleteAsync(
            app, "alice", id, Samples.Digest(content), new ChunkPlace { Position = 8, Length = 6 }, Samples.Body(content[8..]), default);
        Assert.Equal(content.Length, completed.Value);
        foreach (var upload in await uploads.ListAsync())
        {
            Assert.Null(await storage.Uploads.CancelAsync(app, upload.Owner, upload.Id));
        }

        Assert.Equal(["0  0"], ReadCounts());
    }

    // Each of kind, name and number.
    private List<string> ReadCounts()
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(_folder.Path, "registry.db")};Pooling=False");
        database.Open();
        using var counts = database.CreateCommand();
        counts.CommandText = "SELECT kind || ' ' || name || ' ' || count FROM upload_counts ORDER BY kind, name";
        using var rows = counts.ExecuteReader();
        var read = new List<string>();
        while (rows.Read())
        {
            read.Add(rows.GetString(0));
        }

        return read;
    }

    private async Task RestoreAsync(int version)
    {
        var dump = SourceTree.Locate("tests/Registry.Storage.Sqlite.Tests/Old", $"schema-{version}.sql");
        OldSchema.Execute(Path.Combine(_folder.Path, "registry.db"), await File.ReadAllTextAsync(dump));
    }

    private static string Blob(string text) => $"{Samples.Digest(text).Hex}/link = {Samples.Digest(text)}";
}

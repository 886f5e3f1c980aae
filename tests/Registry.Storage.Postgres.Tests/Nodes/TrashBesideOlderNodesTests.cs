using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres.Schema;

namespace Registry.Storage.Postgres.Tests.Nodes;

/// <summary>The trash beside programs of a version without one, which would remove what it holds.</summary>
public sealed class TrashBesideOlderNodesTests
{
    [Fact]
    public async Task A_manifest_goes_into_the_trash_only_while_no_older_program_runs_and_none_can_come_back()
    {
        await using var engine = new PostgresEngine();
        await engine.RunAsync($"INSERT INTO processes (id, alive_until, schema) VALUES (gen_random_uuid(), clock_timestamp() - interval '59 minutes', {SchemaStep.OfTrash - 1})");
        await DeleteAsync("first");
        Assert.Empty((await engine.Trash.ListAllAsync(null, 10)).Entries);
        Assert.Equal(1L, await engine.RunAsync("SELECT value FROM meta WHERE key = 'schema_oldest'"));

        await engine.RunAsync("UPDATE processes SET alive_until = clock_timestamp() - interval '61 minutes' WHERE alive_until < clock_timestamp()");
        await DeleteAsync("second");
        Assert.Single((await engine.Trash.ListAllAsync(null, 10)).Entries);
        Assert.Equal((long)SchemaStep.OfTrash, await engine.RunAsync("SELECT value FROM meta WHERE key = 'schema_oldest'"));

        async Task DeleteAsync(string note)
        {
            var image = Samples.Image("config", [], note: note);
            Assert.Null(await engine.Metadata.LinkBlobAsync(RepositoryName.Parse("a"), Samples.Digest("config"), 6, ContractOrigin.Request));
            var put = Samples.Put(RepositoryName.Parse("a"), image);
            Assert.Null((await engine.Metadata.PutManifestAsync(put)).Error);
            Assert.Null((await engine.Metadata.DeleteManifestAsync(put.Repository, put.Digest, Precondition.None, put.Origin, toTrash: true)).Error);
        }
    }
}

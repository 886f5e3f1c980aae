using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres.Schema;

namespace Registry.Storage.Postgres.Tests.Nodes;

/// <summary>Renames beside programs of a version without them, which may have read the old name just before.</summary>
public sealed class RenameBesideOlderNodesTests
{
    [Fact]
    public async Task A_repository_is_renamed_only_while_no_older_program_runs()
    {
        await using var engine = new PostgresEngine();
        var (a, b) = (RepositoryName.Parse("a"), RepositoryName.Parse("b"));
        Assert.Null(await engine.Metadata.LinkBlobAsync(a, Samples.Digest("config"), 6));
        await engine.RunAsync($"INSERT INTO processes (id, alive_until, schema) VALUES (gen_random_uuid(), clock_timestamp() - interval '59 minutes', {SchemaStep.OfRenames - 1})");

        var refused = await engine.Repositories.RenameAsync(a, b, ContractOrigin.Request);

        Assert.Same(RegistryErrorCode.RenameImpossible, refused?.Code);
        Assert.StartsWith("1 node of a version that does not know renames used the database ", Assert.Single(refused!.Details), StringComparison.Ordinal);
        await engine.RunAsync("UPDATE processes SET alive_until = clock_timestamp() - interval '61 minutes' WHERE alive_until < clock_timestamp()");
        Assert.Null(await engine.Repositories.RenameAsync(a, b, ContractOrigin.Request));
    }
}

using Microsoft.Data.Sqlite;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite.Rows;
using SQLitePCL;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>The number of statements of a change does not grow with the references and tags of its manifest.</summary>
public sealed class StatementCountTests : IDisposable
{
    private const int Many = 500;

    private static readonly RepositoryName A = RepositoryName.Parse("a");
    private static readonly ChangeContext Change = new() { Origin = ContractOrigin.Request, Now = 1, Time = DateTimeOffset.UnixEpoch };

    private readonly SqliteConnection _connection = new("Data Source=:memory:");
    private readonly SqliteSession _session;

    public StatementCountTests()
    {
        _connection.Open();
        SqliteSchema.Migrate(_connection, "registry.db");
        _session = new SqliteSession(_connection);
    }

    [Theory]
    [InlineData(ManifestReferences.Sparse)]
    [InlineData(ManifestReferences.SparseIndex)]
    [InlineData(ManifestReferences.Strict)]
    public void A_push_and_a_deletion_of_an_index(ManifestReferences references)
    {
        AssertSame(count =>
        {
            var children = Enumerable.Range(0, count).Select(i => Samples.Layer($"{count} {i}", MediaTypes.OciManifest)).ToList();
            children.ForEach(Link);
            return Samples.Put(A, Samples.Index(children)).Requiring(references);
        });
    }

    [Fact]
    public void A_push_and_a_deletion_of_an_image() => AssertSame(count =>
    {
        var layers = Enumerable.Range(0, count).Select(i => Samples.Layer($"{count} {i}")).ToList();
        layers.ForEach(Link);
        Link(Samples.Layer("config"));
        return Samples.Put(A, Samples.Image("config", layers)).Requiring(ManifestReferences.Strict);
    });

    [Fact]
    public void A_refused_push()
    {
        Link(Samples.Layer("other"));
        var few = Count(() => Refuse(2));
        var many = Count(() => Refuse(Many));
        Assert.Equal(few, many);

        void Refuse(int count)
        {
            var layers = Enumerable.Range(0, count).Select(i => Samples.Layer($"missing {i}"));
            var refused = Put(Samples.Put(A, Samples.Image("missing", layers)));
            Assert.Equal(Math.Min(count + 1, 100), refused.Error!.Details.Count);
        }
    }

    [Fact]
    public void A_deletion_of_a_manifest_with_tags()
    {
        Link(Samples.Layer("config"));
        var image = Samples.Image("config", []);
        Assert.Equal(Delete(2), Delete(Many));

        int Delete(int count)
        {
            for (var i = 0; i < count; i++)
            {
                Assert.Null(Put(Samples.Put(A, image, $"tag-{i}")).Error);
            }

            return Count(() => Assert.Equal(
                count, ManifestRows.Delete(_session, Change, A, Samples.Digest(image), Precondition.None).Value.Tags.Count));
        }
    }

    public void Dispose()
    {
        raw.sqlite3_trace(_connection.Handle!, (strdelegate_trace?)null, null);
        _session.Dispose();
    }

    private void AssertSame(Func<int, ManifestPut> create)
    {
        var counts = new List<(int Put, int Delete)>();

        // The first push also makes the index of names ready.
        foreach (var put in new[] { create(1), create(2), create(Many) })
        {
            counts.Add((
                Count(() => Assert.Null(Put(put).Error)),
                Count(() => Assert.Null(ManifestRows.Delete(_session, Change, A, put.Digest, Precondition.None).Error))));
        }

        Assert.InRange(counts[1].Put, 5, 20);
        Assert.Equal(counts[1], counts[2]);
    }

    private Core.Errors.Result<IReadOnlyList<MovedTag>?> Put(ManifestPut put) =>
        ManifestRows.Put(_session, Change, put, new PushedReferences(put.Manifest, put.Required));

    private void Link(Descriptor blob) => ContentRows.Link(
        _session, ContentRows.GetOrAddRepository(_session, A), ContentRows.PutStored(_session, blob.Digest, blob.Size, blob.Digest), now: 1);

    // SQLite names statements of triggers by a comment.
    private int Count(Action change)
    {
        var count = 0;
        raw.sqlite3_trace(_connection.Handle!, (strdelegate_trace)((_, statement) => count += statement.StartsWith("--", StringComparison.Ordinal) ? 0 : 1), null);
        change();
        return count;
    }
}

using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>What others see of staged content while the writer commits it.</summary>
public sealed class StagedVisibilityTests
{
    private static readonly byte[] Bytes = "small"u8.ToArray();
    private static readonly Digest Known = DigestAlgorithm.Sha256.Compute(Bytes);

    [Fact]
    public async Task Content_counts_as_staged_as_soon_as_others_see_its_row()
    {
        using var folder = new TemporaryFolder();
        using var meter = new Meter("test");
        using var database = Open(folder, new StorageMetrics(meter));
        IStagedContent staged = new SqliteStagedContent(database);
        var seen = new List<(bool HasRow, bool IsEmpty)>();

        // Measured by the writer between the commit and all that follows.
        using var listener = new MeterListener { InstrumentPublished = (instrument, own) => own.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) =>
        {
            if (instrument.Meter == meter)
            {
                seen.Add((staged.FindAsync(Known).GetAwaiter().GetResult() is not null, staged.IsEmpty));
            }
        });
        listener.Start();

        await StageAsync(database);
        await RemoveAsync(database);

        Assert.Equal([(true, false), (false, false)], seen);
        Assert.True(staged.IsEmpty);
    }

    [Fact]
    public async Task Content_that_is_not_committed_does_not_count()
    {
        using var folder = new TemporaryFolder();
        using var database = Open(folder);
        IStagedContent staged = new SqliteStagedContent(database);

        await Assert.ThrowsAsync<InvalidOperationException>(() => database.WriteAsync(session =>
        {
            Stage(session);
            throw new InvalidOperationException();
        }));
        Assert.True(staged.IsEmpty);
        await StageAsync(database);
        Assert.Equal(StagedContent.WeightOf(Bytes.Length, 1), staged.Weight);
    }

    private static SqliteDatabase Open(TemporaryFolder folder, StorageMetrics? metrics = null) => SqliteDatabase.Open(
        folder.File("registry.db"), new StorageHealth(NullLogger<StorageHealth>.Instance), TimeProvider.System, metrics);

    private static Task StageAsync(SqliteDatabase database) => database.WriteAsync(Stage);

    private static Task RemoveAsync(SqliteDatabase database) => database.WriteAsync(session => StagedRows.Remove(session, Known));

    private static void Stage(SqliteSession session) => StagedRows.Set(session, ContentRows.PutStored(session, Known, Bytes.Length, null), Bytes);
}

using Registry.Core.Collection.Records;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>Settles the referrers of subjects in turns with other changes (<see cref="SubjectRows"/>).</summary>
internal sealed class SqliteReferrers(SqliteDatabase database)
{
    /// <summary>Settles the referrers that a push or deletion of a subject has left; ends early at the next. Several callers share the turns.</summary>
    public async Task SettleAsync(UnsettledSubject unsettled, CancellationToken cancellationToken)
    {
        var turn = new WriteTurn(unsettled.Repository, SubjectRows.RowsPerTurn);
        while (!cancellationToken.IsCancellationRequested
            && (await database.WriteAsync<bool>(session => SubjectRows.Settle(session, unsettled, database.Clock.Now), turn)).Value)
        {
        }
    }
}

using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Images.Backup;

namespace Registry.Server.Commands.Backup;

/// <summary>List of the generations of a backup, printed by <c>backup --list</c> and <c>restore --list</c>.</summary>
internal static class GenerationList
{
    /// <summary>Prints the generations, one per line.</summary>
    public static async Task<int> WriteAsync(CommandContext context, string folder, bool isJson)
    {
        try
        {
            var generations = await BackupRun.ListAsync(folder);
            if (isJson)
            {
                ReportJson.Write(context.Output, generations, json => json.IReadOnlyListGenerationSummary);
                return ExitCodes.Success;
            }

            foreach (var generation in generations)
            {
                context.Output.WriteLine($"{generation.Name}  {Count.Of(generation.Blobs, "blob")}, {ByteSize.Describe(generation.Bytes)}");
            }

            return ExitCodes.Success;
        }
        catch (StorageException e)
        {
            return context.Fail(e.Message);
        }
    }
}

using System.CommandLine;
using Registry.Core.Backup;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>The list of the generations of a backup, which <c>backup</c> and <c>restore</c> print.</summary>
internal static class GenerationList
{
    public static Option<bool> Option() => new("--list") { Description = "Only list the generations that the folder has, the oldest first." };

    /// <summary>Prints the generations, one a line.</summary>
    public static async Task<int> WriteAsync(CommandContext context, string folder, bool isJson)
    {
        try
        {
            var generations = await BackupOperation.ListAsync(folder);
            if (isJson)
            {
                ReportJson.Write(context.Output, generations, json => json.IReadOnlyListGenerationSummary);
                return ExitCodes.Success;
            }

            foreach (var generation in generations)
            {
                context.Output.WriteLine($"{generation.Name}  {generation.Blobs} blobs, {ByteSize.Describe(generation.Bytes)}");
            }

            return ExitCodes.Success;
        }
        catch (StorageException e)
        {
            return context.Fail(e.Message);
        }
    }
}

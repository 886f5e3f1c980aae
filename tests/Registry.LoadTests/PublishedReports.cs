namespace Registry.LoadTests;

/// <summary>NBomber's reports, as they can be shown: without the name of the machine, and without its log.</summary>
internal static class PublishedReports
{
    public static void Clean(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (Path.GetFileName(file).StartsWith("nbomber-log", StringComparison.Ordinal))
            {
                File.Delete(file);
                continue;
            }

            var text = File.ReadAllText(file);
            File.WriteAllText(file, text.Replace($"\"{Environment.MachineName}\"", "\"machine\"", StringComparison.Ordinal));
        }
    }
}

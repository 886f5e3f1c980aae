namespace Registry.LoadTests;

/// <summary>
/// NBomber's reports, as they can be published: without the name of the machine, without its log, and without pages of HTML, of which each is
/// a copy of the program that shows it.
/// </summary>
internal static class PublishedReports
{
    public static void Clean(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (!IsPublished(file))
            {
                File.Delete(file);
                continue;
            }

            var text = File.ReadAllText(file);
            File.WriteAllText(file, text.Replace($"\"{Environment.MachineName}\"", "\"machine\"", StringComparison.Ordinal));
        }
    }

    private static bool IsPublished(string file) => Path.GetExtension(file) is ".csv" or ".md";
}

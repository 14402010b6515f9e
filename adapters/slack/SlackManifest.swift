/// What Slack has to be told about Petrel to make an app of it.
public enum SlackManifest {
    /// The app manifest, for `petrel adapter manifest slack` and for adapters/slack/app-manifest.yaml.
    ///
    /// Each scope is one that a method or event needs which Petrel uses; leave out the history scopes and events of kinds
    /// of conversation in which Petrel shall not read.
    public static let yaml = """
        display_information:
          name: Petrel
          description: Runs what your team asks for and answers in the same conversation
        features:
          app_home:
            home_tab_enabled: false
            messages_tab_enabled: true
            messages_tab_read_only_enabled: false
          bot_user:
            display_name: petrel
            always_online: true
          slash_commands:
            - command: /petrel
              description: Tell Petrel what to do
              usage_hint: help
              should_escape: true
        oauth_config:
          scopes:
            bot:
              - app_mentions:read
              - channels:history
              - channels:read
              - chat:write
              - commands
              - files:read
              - files:write
              - groups:history
              - groups:read
              - im:history
              - im:read
              - im:write
              - mpim:history
              - mpim:read
              - users:read
        settings:
          event_subscriptions:
            bot_events:
              - app_mention
              - member_joined_channel
              - message.channels
              - message.groups
              - message.im
              - message.mpim
          interactivity:
            is_enabled: true
          org_deploy_enabled: false
          socket_mode_enabled: true
          token_rotation_enabled: false

        """
}
